// The options of a lab, and their defaults.

import { readFileSync } from "node:fs";
import { digestOf } from "./digest.ts";
import { LabError } from "./errors.ts";
import type { Userland } from "./lab-info.ts";
import { labLimits } from "./lab-limits.ts";
import type { LabRecipe } from "./sources.ts";
import type { LabArchitecture, Processor } from "./start/board.ts";
import { chooseHypervisor } from "./xen-choice.ts";

export interface LabOptions {
  /** "4.14", "4.17", "4.17.7", "4.20", a package version, or a hypervisor image's path. */
  readonly xen?: string;
  /** Debug symbols for the caller's own hypervisor. */
  readonly xenSymbols?: string;
  /** "x86_64" by default. Of arm64 only a hypervisor image's path, and only a minimal userland. */
  readonly architecture?: LabArchitecture;
  /** Of x86_64. "amd" by default, which runs guests; see board.ts. */
  readonly processor?: Processor;
  /** The line of the caller's own hypervisor, such as "4.17": whose stock tools a full userland gets. */
  readonly xenRelease?: string;
  /** One is fastest; a rendezvous of CPUs needs two. */
  readonly cpus?: number;
  readonly memoryMb?: number;
  readonly userland?: Userland;
  /** Additional options of the hypervisor's command line, such as `loglvl=all`. */
  readonly hypervisorOptions?: readonly string[];
  /** Additional words of the command line of dom0's kernel. */
  readonly kernelOptions?: readonly string[];
  /**
   * A raw image with an ext4 file system, mounted at /var/lib/xsplice in dom0: what a lab writes there, the next
   * lab with the same file finds, as after a reboot. For "stock" and "full", with a cold boot.
   */
  readonly disk?: string;
}

const DEFAULTS = {
  xen: "4.17",
  processor: "amd",
  cpus: 1,
  memoryMb: { x86_64: 512, arm64: 1024 },
  userland: "minimal",
} as const;

/** @throws LabError lab/bad-argument */
export function recipeOf(options: LabOptions): LabRecipe {
  const { cpus = DEFAULTS.cpus, architecture = "x86_64" } = options;
  const { memoryMb = DEFAULTS.memoryMb[architecture] } = options;
  const { hypervisorOptions = [], kernelOptions = [] } = options;
  requireWithin("cpus", cpus);
  requireWithin("memoryMb", memoryMb);
  if (architecture === "arm64") requireArm64(options, memoryMb);
  for (const word of [...hypervisorOptions, ...kernelOptions]) requireWord(word);
  return {
    hypervisor: chooseHypervisor(options.xen ?? DEFAULTS.xen, options.xenRelease),
    userSymbols: options.xenSymbols,
    machine: {
      architecture,
      processor: options.processor ?? DEFAULTS.processor,
      cpus,
      memoryMb,
      hypervisorOptions,
      kernelOptions,
    },
    userland: options.userland ?? DEFAULTS.userland,
  };
}

/** Snapshots of one kind replace each other. */
export function kindOf({ hypervisor, machine, userland }: LabRecipe): string {
  const xen = hypervisor.part ?? `file-${digestOf(readFileSync(hypervisor.name)).slice(0, 8)}`;
  const { architecture } = machine;
  const foreign = architecture === "x86_64" ? "" : `-${architecture}`;
  const processor = machine.processor === DEFAULTS.processor ? "" : `-${machine.processor}`;
  const words = [...machine.hypervisorOptions, ...machine.kernelOptions];
  const options = words.length === 0 ? "" : `-${digestOf(...words).slice(0, 8)}`;
  return `${xen}-${userland}-${machine.cpus}cpu-${machine.memoryMb}mb${foreign}${processor}${options}`;
}

function requireWithin(name: keyof typeof labLimits, value: number): void {
  const { min, max } = labLimits[name];
  if (Number.isInteger(value) && min <= value && value <= max) return;
  throw new LabError({
    code: "lab/bad-argument",
    problem: `Cannot start a lab with ${name} ${value}: it is out of range`,
    expected: `${min} to ${max}`,
  });
}

/** @throws LabError lab/bad-argument for what only a lab of x86-64 has */
function requireArm64({ xen, processor, userland, disk }: LabOptions, memoryMb: number): void {
  const refuse = (state: string, expected: string): never => {
    throw new LabError({
      code: "lab/bad-argument",
      problem: `Cannot start a lab for arm64: ${state}`,
      expected,
      remedy: "leave the option out, or start a lab for x86_64",
    });
  };
  if (xen === undefined || !xen.includes("/")) {
    const path = "the path of a hypervisor image; xsplice lab up --arch arm64 builds one by itself";
    refuse(`Debian's Xen ${xen ?? DEFAULTS.xen} for arm64 takes no payloads`, path);
  }
  if (processor !== undefined) refuse("its processor is a Cortex-A57", "no processor's maker");
  if (userland !== undefined && userland !== "minimal") {
    refuse(`it has no "${userland}" dom0`, 'a "minimal" one');
  }
  if (disk !== undefined) refuse("it has no disk that outlives it", "no disk");
  if (memoryMb < ARM64_MEMORY_MIN_MB) {
    refuse(`${memoryMb} MB are too little for its dom0`, `${ARM64_MEMORY_MIN_MB} MB or more`);
  }
}

const ARM64_MEMORY_MIN_MB = 768;

/** A space would start another option. */
function requireWord(word: string): void {
  if (/^[\w.=:,+/-]+$/.test(word)) return;
  throw new LabError({
    code: "lab/bad-argument",
    problem: `Cannot start a lab with option "${word}": it is not one plain word`,
  });
}
