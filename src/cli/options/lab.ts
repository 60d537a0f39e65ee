// Which lab: the options of all commands that start one.

import type { Base } from "../../bases/base.ts";
import { XspliceError } from "../../error.ts";
import { labLimits } from "../../lab/lab-limits.ts";
import type { OpenLabOptions } from "../../lab/open-lab.ts";
import { type LabArchitecture, labArchitectures, processors } from "../../lab/start/board.ts";
import type { CommandIo } from "../io.ts";
import type { OptionSpec } from "../option-spec.ts";
import { readXenSymsFile } from "../read-xen-syms-file.ts";
import type { ArgumentSpec, CommandCall } from "../spec.ts";
import type { ProgressLine } from "../text/progress.ts";
import { UsageError } from "../usage-error.ts";
import { baseOption, readBase, readBaseNamed } from "./base.ts";

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

const ARCH = "arch";

export const labOptions: readonly OptionSpec[] = [
  baseOption(["xen", "xen-syms"]),
  {
    name: ARCH,
    value: "ARCHITECTURE",
    description:
      "whose computer is emulated; without --base or the path of a hypervisor, one for arm64 is built once from Debian's source",
    choices: labArchitectures,
    default: "x86_64, or that of --base",
  },
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

/** Of commands that run guests, which are of x86-64. */
export const x86LabOptions: readonly OptionSpec[] = labOptions.filter(({ name }) => name !== ARCH);

export async function readLabOptions(
  call: CommandCall,
  progress: ProgressLine,
): Promise<OpenLabOptions> {
  const { options, io } = call;
  const { cacheFolder } = await import("../../parts/cache-folder.ts");
  const wanted = options.choice(ARCH, labArchitectures);
  const base = await labBase(call, wanted);
  const xen = base === undefined ? options.text("xen") : xenOf(base);
  // A package's own symbols are found by its version.
  const xenSymbols =
    base === undefined || base.packageVersion !== undefined
      ? options.text("xen-syms")
      : base.xenSyms;
  const processor = options.choice("processor", processors);
  const known = xenSymbols === undefined ? undefined : await factsOf(xenSymbols, io);
  const line = known?.line;
  const architecture = agreedArchitecture(wanted, known?.architecture, xenSymbols);
  const cpus = options.number("cpus");
  const memoryMb = options.number("memory");
  return {
    ...(xen === undefined ? {} : { xen }),
    ...(architecture === undefined ? {} : { architecture }),
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

/** A lab of a base that is open already. */
export async function labOfBase(base: Base, io: CommandIo): Promise<OpenLabOptions> {
  const { cacheFolder } = await import("../../parts/cache-folder.ts");
  const own = base.packageVersion === undefined ? base.xenSyms : undefined;
  const line = own === undefined ? undefined : (await factsOf(own, io))?.line;
  const xen = xenOf(base);
  return {
    ...(xen === undefined ? {} : { xen }),
    ...(own === undefined ? {} : { xenSymbols: own, ...(line && { xenRelease: line }) }),
    userland: "minimal",
    cache: cacheFolder(io.env),
    signal: io.signal,
  };
}

/** The base of --base; or for arm64 one that is built from the source of what --xen names. */
async function labBase(
  call: CommandCall,
  architecture: LabArchitecture | undefined,
): Promise<Base | undefined> {
  const { options } = call;
  const xen = options.text("xen");
  const isOwn = options.text("base") !== undefined || (xen !== undefined && isPath(xen));
  if (architecture !== "arm64" || isOwn) return await readBase(call, "lab");
  const { PINNED_XEN_4_17 } = await import("../../parts/xen-parts.ts");
  // The version whose source is surely there, as for x86_64.
  const version = xen === undefined || xen === "4.17" ? PINNED_XEN_4_17 : xen;
  return await readBaseNamed(`debian-arm64:${version}`, call, "lab");
}

interface SymbolFacts {
  /** "4.17"; undefined where the symbols do not tell. */
  readonly line: string | undefined;
  readonly architecture: LabArchitecture;
}

/** Undefined where they are no symbols, of which opening the lab says more. */
async function factsOf(
  xenSymbols: string,
  { signal }: CommandIo,
): Promise<SymbolFacts | undefined> {
  const { readXenSyms } = await import("../../running/xen-syms.ts");
  try {
    const bytes = await readXenSymsFile(xenSymbols, signal);
    const { release, architecture } = readXenSyms(bytes, xenSymbols);
    return {
      line: release && `${release.major}.${release.minor}`,
      architecture: architecture === "aarch64" ? "arm64" : "x86_64",
    };
  } catch (error) {
    if (error instanceof XspliceError) return undefined;
    throw error;
  }
}

function agreedArchitecture(
  wanted: LabArchitecture | undefined,
  found: LabArchitecture | undefined,
  xenSymbols: string | undefined,
): LabArchitecture | undefined {
  if (wanted === undefined || found === undefined || wanted === found) return wanted ?? found;
  throw new UsageError({
    code: "usage/bad-value",
    problem: `Cannot start a lab for ${wanted}: the hypervisor is for ${found}`,
    where: xenSymbols ?? "",
    remedy: `leave out --${ARCH}, or give a hypervisor for ${wanted}`,
  });
}

/** With a package's version the lab has the stock tools of its release, too. */
function xenOf({ packageVersion, image }: Base): string | undefined {
  if (packageVersion !== undefined || image === undefined) return packageVersion;
  return isPath(image) ? image : `./${image}`;
}
