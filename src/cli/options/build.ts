// The options of `xsplice build`, and what they say once their files are read.

import { availableParallelism } from "node:os";
import { basename, dirname, join } from "node:path";
import type { BuildOptions } from "../../builder/build-options.ts";
import type { PatchInput } from "../../source-patch/patch-file.ts";
import type { PreviousPayload } from "../../stacking/cumulative.ts";
import { readInputFile } from "../read-input-file.ts";
import { readXenSymsFile } from "../read-xen-syms-file.ts";
import type { CommandCall, OptionSpec } from "../spec.ts";
import { UsageError } from "../usage-error.ts";
import { packageVersion } from "../version.ts";
import { splitPair } from "./split-pair.ts";
import {
  foundationOptionSpecs,
  guardOptionSpec,
  modeOptionSpec,
  readPayloadFile,
  readStackingOptions,
} from "./stacking.ts";

/** Patches, configurations and series are texts. */
const TEXT_SIZE_MAX = 16 * 1024 * 1024;

export const buildOptionSpecs: readonly OptionSpec[] = [
  {
    flags: "--source DIR",
    description: "Xen's source, as the hypervisor was built from",
    completes: "file",
  },
  {
    flags: "--xen-syms FILE",
    description: "the hypervisor with its symbols; may be compressed (.gz)",
    completes: "file",
  },
  { flags: "--config FILE", description: "the hypervisor's configuration", completes: "file" },
  {
    flags: "--patch FILE",
    description: "a source patch; may be repeated",
    repeatable: "yes",
    completes: "file",
  },
  {
    flags: "--series FILE",
    description: "a file that names patches, one a line, before those of --patch",
    completes: "file",
  },
  {
    flags: "-o, --output FILE",
    description: "the payload (default: the patch's name, with .livepatch)",
    completes: "file",
  },
  modeOptionSpec,
  ...foundationOptionSpecs,
  {
    flags: "--base-patch FILE",
    description:
      "a patch that a payload of --on was built from and does not carry; may be repeated",
    repeatable: "yes",
    completes: "file",
  },
  {
    flags: "--previous FILE",
    description: "with --mode cumulative: the payload whose place it is to take, to compare with",
    completes: "file",
  },
  {
    flags: "--allow-fresh-data NAME",
    description:
      "accept that what this variable holds is lost: one that the fix renames, or one of --previous; may be repeated",
    repeatable: "yes",
  },
  guardOptionSpec,
  {
    flags: "--leave-out-patches",
    description: "do not put the patches into the payload, only their digests",
  },
  {
    flags: "--hooks FILE",
    description: "a C file with hooks; may be repeated",
    repeatable: "yes",
    completes: "file",
  },
  {
    flags: "--name TITLE",
    description: "shown by list as the title (default: the patch's subject)",
  },
  { flags: "--meta KEY=VALUE", description: "shown by list; may be repeated", repeatable: "yes" },
  {
    flags: "--allow-init NAME",
    description:
      "accept that a change of this init function or data takes no effect; may be repeated",
    repeatable: "yes",
  },
  {
    flags: "--allow-layout TYPE",
    description: "accept that this type changes; may be repeated",
    repeatable: "yes",
  },
  {
    flags: "--explain FUNCTION",
    description: "show the instructions of a function before and after",
  },
  { flags: "--cc COMPILER", description: "the compiler, as make's CC (default: $CC, else gcc)" },
  {
    flags: "--jobs N",
    description: "compilers to run at the same time (default: one for each processor)",
  },
];

export interface ReadBuildOptions {
  readonly options: BuildOptions;
  readonly output: string;
  readonly explain: string | undefined;
}

/** @throws UsageError, InputFileError, PayloadError */
export async function readBuildOptions(
  call: CommandCall,
  onProgress: (text: string) => void,
): Promise<ReadBuildOptions> {
  const { options, io } = call;
  const required = (name: string, expected: string): string => {
    const value = options.text(name);
    if (value !== undefined) return value;
    throw missing(`--${name}`, expected);
  };
  const source = required(
    "source",
    "--source DIR, the unpacked source of the very hypervisor that runs",
  );
  const xenSyms = required("xen-syms", "--xen-syms FILE, of the very hypervisor that runs");
  const config = required("config", "--config FILE, as distributions have it in /boot");
  const series = options.text("series");
  const names = [
    ...(series === undefined ? [] : await readSeries(series)),
    ...options.texts("patch"),
  ];
  const [first] = names;
  if (first === undefined) throw missing("the patch", "--patch FILE or --series FILE");
  const read = (path: string) =>
    readInputFile(path, { sizeMax: TEXT_SIZE_MAX, reason: "far more than a text has" });
  const readPatches = (paths: readonly string[]) =>
    Promise.all(
      paths.map(async (name): Promise<PatchInput> => ({ name, bytes: await read(name) })),
    );
  return {
    options: {
      source,
      xenSyms: {
        name: xenSyms,
        bytes: await readXenSymsFile(xenSyms, io.signal),
      },
      config: { name: config, text: Buffer.from(await read(config)).toString() },
      patches: await readPatches(names),
      ...(await readStackingOptions(call)),
      previous: await readPrevious(call),
      allowFreshData: options.texts("allow-fresh-data"),
      basePatches: await readPatches(options.texts("base-patch")),
      carriedPatches: options.has("leave-out-patches") ? "digests" : "texts",
      hooks: options.texts("hooks"),
      name: options.text("name"),
      metadata: options.texts("meta").map((text) => splitPair("--meta", text)),
      allowInit: options.texts("allow-init"),
      allowLayout: options.texts("allow-layout"),
      compiler: options.text("cc") ?? (io.env["CC"] || undefined),
      jobs: readJobs(options.text("jobs")),
      toolVersion: packageVersion(),
      environment: io.env,
      onProgress,
      signal: io.signal,
    },
    output:
      options.text("output") ??
      `${basename(names.at(-1) ?? first).replace(/\.(patch|diff)$/, "")}.livepatch`,
    explain: options.text("explain"),
  };
}

/** Only where one payload takes the place of another there is something to compare. */
async function readPrevious({ options, io }: CommandCall): Promise<PreviousPayload | undefined> {
  const path = options.text("previous");
  if (path === undefined) return undefined;
  if (options.text("mode") === "cumulative") return readPayloadFile(path, io.signal);
  throw new UsageError({
    code: "usage/bad-arguments",
    problem: "Cannot compare with --previous: only a cumulative payload takes the place of another",
    expected: "--mode cumulative, or no --previous",
  });
}

/** As quilt writes it: paths from the file's folder, comments behind #, options behind the name. */
async function readSeries(path: string): Promise<readonly string[]> {
  const bytes = await readInputFile(path, {
    sizeMax: TEXT_SIZE_MAX,
    reason: "far more than a text has",
  });
  return Buffer.from(bytes)
    .toString()
    .split("\n")
    .map(
      (line) =>
        line
          .replace(/(^|\s)#.*$/, "")
          .trim()
          .split(/\s+/)[0] ?? "",
    )
    .filter((name) => name !== "")
    .map((name) => join(dirname(path), name));
}

function readJobs(text: string | undefined): number {
  if (text === undefined) return availableParallelism();
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new UsageError({
    code: "usage/bad-value",
    problem: `Cannot use "${text}" for --jobs: it is no number of jobs`,
    expected: "a number from 1 to 999",
  });
}

function missing(what: string, expected: string): UsageError {
  return new UsageError({
    code: "usage/bad-arguments",
    problem: `Cannot build: ${what} is missing`,
    expected,
  });
}
