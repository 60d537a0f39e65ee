// The options of `xsplice bisect`, and their values after reading the files.

import type { BisectFile } from "../../bisect/move-host.ts";
import type { OptionSpec } from "../option-spec.ts";
import type { CommandCall } from "../spec.ts";
import { UsageError } from "../usage-error.ts";
import { quiesceOption } from "./action.ts";
import { buildOptionSpecs } from "./build.ts";
import { readGivenPayloads } from "./given-payloads.ts";
import { payloadOption } from "./payload.ts";

const STATE_DEFAULT = "xsplice-bisect.json";

/** The options of `build` that are the same for every prefix. */
const forEveryPrefix: readonly string[] = [
  ...["base", "source", "xen-syms", "config", "series", "fuzz", "guard", "hooks"],
  ...["allow-init", "allow-layout", "cc", "jobs"],
];

/** Restoring the host needs none of the search's options. */
const unlessAbandoned = { unless: ["abandon"] };
const notAbandoned = [{ option: "abandon", because: "nothing is searched then" }];

export const bisectOptionSpecs: readonly OptionSpec[] = [
  {
    name: "check",
    value: "COMMAND",
    description:
      'run by /bin/sh on each prefix: 0 is good, 125 is "cannot tell", any other code up to 124 is bad',
    required: unlessAbandoned,
    excludes: notAbandoned,
  },
  ...buildOptionSpecs.filter(({ name }) => forEveryPrefix.includes(name)).map(forBisect),
  payloadOption,
  {
    name: "allow-fresh-data",
    description: "allow variables of applied payloads to lose their values",
  },
  {
    name: "state",
    value: "FILE",
    description: "where the state of the search is kept",
    default: `./${STATE_DEFAULT}`,
    completes: "file",
  },
  { name: "resume", description: "continue an interrupted search, with the same options" },
  {
    name: "abandon",
    description: "restore the host after an interrupt, and delete the state",
    excludes: [{ option: "resume" }],
  },
  quiesceOption,
];

function forBisect(option: OptionSpec): OptionSpec {
  if (option.name === "series") {
    const description = "a file with the names of the patches, in order, one per line";
    return { ...option, description, required: unlessAbandoned, excludes: notAbandoned };
  }
  const ruled = { ...option, excludes: [...(option.excludes ?? []), ...notAbandoned] };
  const { required } = option;
  if (required === undefined) return ruled;
  const others = required === "always" ? [] : required.unless;
  return { ...ruled, required: { unless: [...others, ...unlessAbandoned.unless] } };
}

type BisectPurpose = "begin" | "resume" | "abandon";

export interface BisectCallOptions {
  readonly purpose: BisectPurpose;
  readonly statePath: string;
  readonly freshData: "refuse" | "allow";
  /** Of payloads that are applied on the host. */
  readonly files: readonly BisectFile[];
}

/** @throws errors of the files */
export async function readBisectOptions({ options, io }: CommandCall): Promise<BisectCallOptions> {
  const [resume, abandon] = [options.has("resume"), options.has("abandon")];
  return {
    purpose: resume ? "resume" : abandon ? "abandon" : "begin",
    statePath: options.text("state") ?? STATE_DEFAULT,
    freshData: options.has("allow-fresh-data") ? "allow" : "refuse",
    files: await readGivenPayloads(options.texts("payload"), io.signal),
  };
}

/** @throws UsageError for an empty command, which would always pass */
export function readCheck({ options }: CommandCall): string {
  const check = options.requiredText("check");
  if (check.trim() !== "") return check;
  throw new UsageError({
    code: "usage/bad-arguments",
    problem: "Cannot bisect: the check is empty",
    expected: "--check 'COMMAND', which ends with 0 when all is well",
  });
}
