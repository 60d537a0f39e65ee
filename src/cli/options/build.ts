// The options of `xsplice build`, and their values after reading the files.

import { basename } from "node:path";
import type {
  AllowedNames,
  BuildInputs,
  BuildOptions,
  PayloadLabel,
} from "../../builder/build-options.ts";
import type { OptionSpec } from "../option-spec.ts";
import type { OptionValues } from "../option-values.ts";
import type { CommandCall } from "../spec.ts";
import { packageVersion } from "../version.ts";
import { compilerSpecs, readSourceInputs, sourceSpecs } from "./build-source.ts";
import { metadataOption, readMetadata } from "./metadata.ts";
import { patchNames, readPatches } from "./patches.ts";
import {
  foundationOptionSpecs,
  guardOptionSpec,
  modeOptionSpec,
  readPayloadFile,
  readStackingOptions,
} from "./stacking.ts";

const FUZZ_MAX = 9;

export const buildOptionSpecs: readonly OptionSpec[] = [
  ...sourceSpecs,
  {
    name: "patch",
    value: "FILE",
    description: "a source patch",
    repeatable: "yes",
    required: { unless: ["series"] },
    completes: "file",
  },
  {
    name: "series",
    value: "FILE",
    description:
      "a file with the names of patches, one per line; they come before those of --patch",
    completes: "file",
  },
  {
    name: "pristine",
    value: "FILE",
    description:
      "a patch of both sides, applied first: what the source lacks before the fix is looked at",
    repeatable: "yes",
    completes: "file",
  },
  {
    name: "fuzz",
    value: "N",
    description:
      "let up to N lines at each end of a hunk's context differ, as patch does; each such hunk is reported",
    range: { min: 0, max: FUZZ_MAX },
    default: "0: every line has to be there",
  },
  {
    name: "output",
    letter: "o",
    value: "FILE",
    description: "the payload",
    default: "the patch's name, with .livepatch",
    completes: "file",
  },
  modeOptionSpec,
  ...foundationOptionSpecs,
  {
    name: "base-patch",
    value: "FILE",
    description: "a patch that a payload of --on was built from and does not contain",
    repeatable: "yes",
    completes: "file",
  },
  {
    name: "previous",
    value: "FILE",
    description: "the payload that the new one will replace, to compare with",
    completes: "file",
    needs: [
      {
        option: "mode",
        value: "cumulative",
        because: "only a cumulative payload takes the place of another",
      },
    ],
  },
  {
    name: "allow-fresh-data",
    value: "NAME",
    description:
      "allow this variable to lose its value: one that the fix renames, or one of --previous",
    repeatable: "yes",
  },
  guardOptionSpec,
  {
    name: "leave-out-patches",
    description: "put only digests of the patches into the payload",
  },
  {
    name: "hooks",
    value: "FILE",
    description: "a C file with hooks; it may include Xen's headers",
    repeatable: "yes",
    completes: "file",
  },
  {
    name: "draft-hooks",
    value: "FILE",
    description:
      "write a C file for --hooks with what is known: values of variables, calls of init functions, room for new state",
    completes: "file",
  },
  {
    name: "name",
    value: "TITLE",
    description: "the title that list shows",
    default: "the patch's subject",
  },
  metadataOption,
  {
    name: "allow-init",
    value: "NAME",
    description: "allow this init function or data to change without effect",
    repeatable: "yes",
  },
  {
    name: "allow-unsafe",
    value: "FUNCTION",
    description: "replace this function although a CPU may run it while Xen patches",
    repeatable: "yes",
  },
  {
    name: "allow-layout",
    value: "TYPE",
    description: "allow this type to change",
    repeatable: "yes",
  },
  {
    name: "explain",
    value: "FUNCTION",
    description: "show the instructions of a function, before and after",
  },
  ...compilerSpecs,
];

export interface ReadBuildOptions {
  readonly options: BuildOptions;
  readonly output: string;
  readonly explain: string | undefined;
  /** Where to write a draft of hooks; a file that is there already is not overwritten. */
  readonly draftHooks: string | undefined;
}

/** @throws UsageError, InputFileError, PayloadError */
export async function readBuildOptions(
  call: CommandCall,
  onProgress: (text: string) => void,
): Promise<ReadBuildOptions> {
  const { options, io } = call;
  const names = await patchNames(call);
  const previous = options.text("previous");
  const [last = ""] = names.slice(-1);
  const { inputs, run } = await readSourceInputs(call);
  return {
    options: {
      inputs: { ...inputs, ...(await readFixInputs(call, names)) },
      stacking: {
        ...(await readStackingOptions(call)),
        previous: previous === undefined ? undefined : await readPayloadFile(previous, io.signal),
        basePatches: await readPatches(options.texts("base-patch")),
      },
      allowed: readAllowed(options),
      label: readLabel(options),
      run: { ...run, onProgress },
    },
    output: options.text("output") ?? `${nameOfPatch(last)}.livepatch`,
    explain: options.text("explain"),
    draftHooks: options.text("draft-hooks"),
  };
}

/** Without directory and ending. */
export function nameOfPatch(path: string): string {
  return basename(path).replace(/\.(patch|diff)$/, "");
}

export function readAllowed(options: OptionValues): AllowedNames {
  return {
    init: options.texts("allow-init"),
    unsafe: options.texts("allow-unsafe"),
    layouts: options.texts("allow-layout"),
    freshData: options.texts("allow-fresh-data"),
  };
}

/** @throws UsageError */
export function readLabel(options: OptionValues): PayloadLabel {
  return {
    title: options.text("name"),
    metadata: readMetadata(options),
    toolVersion: packageVersion(),
    patches: options.has("leave-out-patches") ? "digests" : "texts",
  };
}

async function readFixInputs(
  { options }: CommandCall,
  patches: readonly string[],
): Promise<Pick<BuildInputs, "patches" | "pristine" | "hooks">> {
  return {
    pristine: await readPatches(options.texts("pristine")),
    patches: (await readPatches(patches)).map((patch) => ({
      ...patch,
      fuzz: options.number("fuzz"),
    })),
    hooks: options.texts("hooks"),
  };
}
