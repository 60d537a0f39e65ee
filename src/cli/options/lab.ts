// Which lab: the options of all commands that start one.

import type { Base } from "../../bases/base.ts";
import { XspliceError } from "../../error.ts";
import { labLimits } from "../../lab/lab-limits.ts";
import { processors } from "../../lab/machine.ts";
import type { OpenLabOptions } from "../../lab/open-lab.ts";
import type { CommandIo } from "../io.ts";
import type { OptionSpec } from "../option-spec.ts";
import { readXenSymsFile } from "../read-xen-syms-file.ts";
import type { ArgumentSpec, CommandCall } from "../spec.ts";
import type { ProgressLine } from "../text/progress.ts";
import { baseOption, readBase } from "./base.ts";

export const labNameArgument: ArgumentSpec = {
  name: "NAME",
  description: "the lab; optional if only one is up",
  count: "optional",
  completes: "lab",
};

/** Rather than one of the releases that we know. */
export function isPath(xen: string): boolean {
  return xen.includes("/");
}

export const xenOption: OptionSpec = {
  name: "xen",
  value: "XEN",
  description:
    "4.14, 4.17, 4.17.7, 4.20, the exact version of a Debian package of one of them, or the path of a hypervisor",
  default: "4.17",
  completes: ["4.14", "4.17", "4.17.7", "4.20"],
};

export const labOptions: readonly OptionSpec[] = [
  baseOption(["xen", "xen-syms"]),
  xenOption,
  {
    name: "xen-syms",
    value: "FILE",
    description: "the symbols of your own hypervisor",
    completes: "file",
  },
  {
    name: "processor",
    value: "MAKER",
    description: "whose processor is emulated; only on AMD's guests run",
    choices: processors,
    default: "amd",
  },
  { name: "cpus", value: "COUNT", description: "processors", range: labLimits.cpus, default: "1" },
  { name: "memory", value: "MB", description: "memory", range: labLimits.memoryMb, default: "512" },
  {
    name: "full",
    description: "add Node, Xen's stock tools and an ssh server to dom0",
  },
];

export async function readLabOptions(
  call: CommandCall,
  progress: ProgressLine,
): Promise<OpenLabOptions> {
  const { options, io } = call;
  const { cacheFolder } = await import("../../parts/cache-folder.ts");
  const base = await readBase(call, "lab");
  const xen = base === undefined ? options.text("xen") : xenOf(base);
  // A package's own symbols are found by its version.
  const xenSymbols =
    base === undefined || base.packageVersion !== undefined
      ? options.text("xen-syms")
      : base.xenSyms;
  const processor = options.choice("processor", processors);
  const line = xenSymbols === undefined ? undefined : await lineOf(xenSymbols, io);
  const cpus = options.number("cpus");
  const memoryMb = options.number("memory");
  return {
    ...(xen === undefined ? {} : { xen }),
    ...(processor === undefined ? {} : { processor }),
    ...(xenSymbols === undefined ? {} : { xenSymbols, ...(line && { xenRelease: line }) }),
    ...(cpus === undefined ? {} : { cpus }),
    ...(memoryMb === undefined ? {} : { memoryMb }),
    userland: options.has("full") ? "full" : "minimal",
    cache: cacheFolder(io.env),
    onProgress: progress.onProgress,
    signal: io.signal,
  };
}

/** "4.17"; undefined where the symbols do not tell, or are none, of which opening the lab says more. */
async function lineOf(xenSymbols: string, { signal }: CommandIo): Promise<string | undefined> {
  const { readXenSyms } = await import("../../running/xen-syms.ts");
  try {
    const { release } = readXenSyms(await readXenSymsFile(xenSymbols, signal), xenSymbols);
    return release && `${release.major}.${release.minor}`;
  } catch (error) {
    if (error instanceof XspliceError) return undefined;
    throw error;
  }
}

/** With a package's version the lab has the stock tools of its release, too. */
function xenOf({ packageVersion, image }: Base): string | undefined {
  if (packageVersion !== undefined || image === undefined) return packageVersion;
  return isPath(image) ? image : `./${image}`;
}
