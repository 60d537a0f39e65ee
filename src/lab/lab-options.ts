// The options of a lab, and their defaults.

import { readFileSync } from "node:fs";
import { digestOf } from "./digest.ts";
import { LabError } from "./errors.ts";
import type { Userland } from "./lab-info.ts";
import { labLimits } from "./lab-limits.ts";
import type { Processor } from "./machine.ts";
import type { LabRecipe } from "./sources.ts";
import { chooseHypervisor } from "./xen-choice.ts";

export interface LabOptions {
  /** "4.14", "4.17", "4.17.7", "4.20", a package version, or a hypervisor image's path. */
  readonly xen?: string;
  /** Debug symbols for the caller's own hypervisor. */
  readonly xenSymbols?: string;
  /** "amd" by default, which runs guests; see machine.ts. */
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
  memoryMb: 512,
  userland: "minimal",
} as const;

/** @throws LabError lab/bad-argument */
export function recipeOf(options: LabOptions): LabRecipe {
  const { cpus = DEFAULTS.cpus, memoryMb = DEFAULTS.memoryMb } = options;
  const { hypervisorOptions = [], kernelOptions = [] } = options;
  requireWithin("cpus", cpus);
  requireWithin("memoryMb", memoryMb);
  for (const word of [...hypervisorOptions, ...kernelOptions]) requireWord(word);
  return {
    hypervisor: chooseHypervisor(options.xen ?? DEFAULTS.xen, options.xenRelease),
    userSymbols: options.xenSymbols,
    machine: {
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
  const processor = machine.processor === DEFAULTS.processor ? "" : `-${machine.processor}`;
  const words = [...machine.hypervisorOptions, ...machine.kernelOptions];
  const options = words.length === 0 ? "" : `-${digestOf(...words).slice(0, 8)}`;
  return `${xen}-${userland}-${machine.cpus}cpu-${machine.memoryMb}mb${processor}${options}`;
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

/** A space would start another option. */
function requireWord(word: string): void {
  if (/^[\w.=:,+/-]+$/.test(word)) return;
  throw new LabError({
    code: "lab/bad-argument",
    problem: `Cannot start a lab with option "${word}": it is not one plain word`,
  });
}
