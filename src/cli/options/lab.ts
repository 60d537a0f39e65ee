// Which lab: the options that all commands take that start one.

import type { OpenLabOptions } from "../../lab/open-lab.ts";
import type { ArgumentSpec, CommandCall, OptionSpec } from "../spec.ts";
import type { ProgressLine } from "../text/progress.ts";
import { UsageError } from "../usage-error.ts";

export const labNameArgument: ArgumentSpec = {
  name: "NAME",
  description: "the lab; may be left out when only one is up",
  count: "optional",
};

export const xenOption: OptionSpec = {
  flags: "--xen XEN",
  description:
    "4.14, 4.17, 4.17.7, 4.20, the exact version of a Debian package of one of them, or the path of a hypervisor (default: 4.17)",
  completes: ["4.14", "4.17", "4.17.7", "4.20"],
};

export const labOptions: readonly OptionSpec[] = [
  xenOption,
  {
    flags: "--xen-syms FILE",
    description: "the symbols of a hypervisor of your own",
    completes: "file",
  },
  { flags: "--cpus COUNT", description: "processors (default: 1)" },
  { flags: "--memory MB", description: "memory (default: 512)" },
  {
    flags: "--full",
    description: "with Node, Xen's stock tools and an ssh server in dom0, instead of a shell alone",
  },
];

/** @throws UsageError */
export async function readLabOptions(
  { options, io }: CommandCall,
  progress: ProgressLine,
): Promise<OpenLabOptions> {
  const [{ cacheFolder }, { labLimits }] = await Promise.all([
    import("../../parts/cache-folder.ts"),
    import("../../lab/lab-options.ts"),
  ]);
  const [xen, xenSymbols] = [options.text("xen"), options.text("xen-syms")];
  const cpus = readCount("--cpus", options.text("cpus"), labLimits.cpus);
  const memoryMb = readCount("--memory", options.text("memory"), labLimits.memoryMb);
  return {
    ...(xen === undefined ? {} : { xen }),
    ...(xenSymbols === undefined ? {} : { xenSymbols }),
    ...(cpus === undefined ? {} : { cpus }),
    ...(memoryMb === undefined ? {} : { memoryMb }),
    userland: options.has("full") ? "full" : "minimal",
    cache: cacheFolder(io.env),
    onProgress: progress.onProgress,
    signal: io.signal,
  };
}

function readCount(
  option: string,
  text: string | undefined,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  if (text === undefined) return undefined;
  const isNumber = /^\d{1,6}$/.test(text);
  if (isNumber && min <= Number(text) && Number(text) <= max) return Number(text);
  throw new UsageError({
    code: "usage/bad-value",
    problem: `Cannot start a lab with ${option} ${text}: it is ${isNumber ? "out of range" : "no whole number"}`,
    expected: `${min} to ${max}`,
    remedy: `give another number, or leave ${option} out`,
  });
}
