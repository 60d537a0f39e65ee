// The options of `xsplice bisect`, and what they say once their files are read.

import type { BisectFile } from "../../bisect/move-host.ts";
import { type CommandCall, type OptionSpec, optionNames } from "../spec.ts";
import { UsageError } from "../usage-error.ts";
import { quiesceOption } from "./action.ts";
import { buildOptionSpecs } from "./build.ts";
import { readGivenPayloads } from "./given-payloads.ts";
import { payloadOption } from "./payload.ts";

/** Those of `build` that mean something for every prefix. */
const buildOptions: readonly string[] = [
  ...["--source", "--xen-syms", "--config", "--series", "--guard", "--hooks"],
  ...["--allow-init", "--allow-layout", "--cc", "--jobs"],
];

export const bisectOptionSpecs: readonly OptionSpec[] = [
  {
    flags: "--check COMMAND",
    description:
      "run by /bin/sh after each move: 0 is good, 125 cannot tell, another code up to 124 bad",
  },
  ...buildOptionSpecs
    .filter((option) => optionNames(option).some((name) => buildOptions.includes(name)))
    .map((option) =>
      option.flags === "--series FILE"
        ? { ...option, description: "a file that names the patches in their order, one a line" }
        : option,
    ),
  payloadOption,
  {
    flags: "--allow-fresh-data",
    description: "variables of payloads that are applied now may lose what they hold",
  },
  {
    flags: "--state FILE",
    description: `where an interrupted search is kept (default: ./xsplice-bisect.json)`,
    completes: "file",
  },
  { flags: "--resume", description: "go on after an interrupt, with the same options" },
  {
    flags: "--abandon",
    description: "put the host back after an interrupt, and forget the search",
  },
  quiesceOption,
];

const STATE_DEFAULT = "xsplice-bisect.json";

export type BisectPurpose = "begin" | "resume" | "abandon";

export interface BisectCallOptions {
  readonly purpose: BisectPurpose;
  readonly statePath: string;
  readonly freshData: "refuse" | "allow";
  /** Of payloads that are applied on the host. */
  readonly files: readonly BisectFile[];
}

/** @throws UsageError; errors of the files */
export async function readBisectOptions({ options, io }: CommandCall): Promise<BisectCallOptions> {
  const [resume, abandon] = [options.has("resume"), options.has("abandon")];
  if (resume && abandon) {
    throw new UsageError({
      code: "usage/bad-arguments",
      problem: "Cannot go on with a bisection and give it up at once",
      expected: "--resume or --abandon",
    });
  }
  return {
    purpose: resume ? "resume" : abandon ? "abandon" : "begin",
    statePath: options.text("state") ?? STATE_DEFAULT,
    freshData: options.has("allow-fresh-data") ? "allow" : "refuse",
    files: await readGivenPayloads(options.texts("payload"), io.signal),
  };
}

/** @throws UsageError */
export function requireCheck({ options }: CommandCall): string {
  const [check, series] = [options.text("check"), options.text("series")];
  if (check !== undefined && check.trim() !== "" && series !== undefined) return check;
  throw new UsageError({
    code: "usage/bad-arguments",
    problem: `Cannot bisect: ${series === undefined ? "the series" : "the check"} is missing`,
    expected:
      series === undefined
        ? "--series FILE, the patches of the cumulative payload"
        : "--check 'COMMAND', which ends with 0 when all is well",
  });
}
