// What objects are compiled from, and how: the options that `build`, `prepare` and `bisect` share.

import { availableParallelism } from "node:os";
import type { BuildInputs } from "../../builder/build-options.ts";
import type { RunOptions } from "../../xen-make/make-run.ts";
import type { OptionSpec } from "../option-spec.ts";
import { readXenSymsFile } from "../read-xen-syms-file.ts";
import type { CommandCall } from "../spec.ts";
import { baseOption, readBase } from "./base.ts";
import { readText } from "./patches.ts";
import { xenSymsOption } from "./xen-syms.ts";

const JOBS_MAX = 999;

const unlessBase = { unless: ["base"] };

export const sourceSpecs: readonly OptionSpec[] = [
  baseOption(["source", "xen-syms", "config"]),
  {
    name: "source",
    value: "DIR",
    description:
      "the source that the running hypervisor was built from; beside --base, in place of its own",
    required: unlessBase,
    completes: "file",
  },
  { ...xenSymsOption, required: unlessBase },
  {
    name: "config",
    value: "FILE",
    description: "the hypervisor's configuration",
    completes: "file",
    required: unlessBase,
    remedy: "distributions have it in /boot",
  },
];

export const compilerSpecs: readonly OptionSpec[] = [
  {
    name: "cc",
    value: "COMPILER",
    description: "the compiler, like make's CC",
    default: "that of --base, else $CC, else gcc",
  },
  {
    name: "jobs",
    value: "N",
    description: "number of compilers to run in parallel",
    range: { min: 1, max: JOBS_MAX },
    default: "one per CPU",
  },
  {
    name: "sandbox",
    value: "WHEN",
    description:
      "keep make and the compiler from the network, your files and other processes: auto or none",
    choices: ["auto", "none"],
    default: "auto: where this machine can",
  },
];

/** The options of `xsplice prepare`, and some of those of `build`. */
export const sourceOptionSpecs: readonly OptionSpec[] = [...sourceSpecs, ...compilerSpecs];

export interface BuildSource {
  readonly inputs: Pick<BuildInputs, "source" | "xenSyms" | "config">;
  readonly run: RunOptions;
}

/** What objects are compiled from, and how. @throws InputFileError; what openBase() throws */
export async function readSourceInputs(call: CommandCall): Promise<BuildSource> {
  const { options, io } = call;
  const base = await readBase(call, "build");
  const xenSyms = base?.xenSyms ?? options.requiredText("xen-syms");
  return {
    inputs: {
      source: base?.source ?? options.requiredText("source"),
      xenSyms: { name: xenSyms, bytes: await readXenSymsFile(xenSyms, io.signal) },
      config: base?.config ?? (await readConfig(options.requiredText("config"))),
    },
    run: {
      compiler: options.text("cc") ?? base?.compiler ?? (io.env["CC"] || undefined),
      jobs: options.number("jobs") ?? availableParallelism(),
      sandbox: options.text("sandbox") === "none" ? "none" : "auto",
      environment: base?.path === undefined ? io.env : { ...io.env, PATH: base.path },
      signal: io.signal,
    },
  };
}

async function readConfig(name: string): Promise<BuildInputs["config"]> {
  return { name, text: Buffer.from(await readText(name)).toString() };
}
