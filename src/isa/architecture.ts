// The architectures whose payloads xSplice reads. Xen has a loader for 32-bit Arm as well; its 32-bit
// ELF files are not supported here.

import { Machine } from "../elf/constants.ts";

/** Under the names that `uname -m` has for them. */
export const architectures = ["x86_64", "aarch64"] as const;
export type Architecture = (typeof architectures)[number];

/** e_machine of payloads (ABI reference §1.1). */
export const machineOfArchitecture = {
  x86_64: Machine.EM_X86_64,
  aarch64: Machine.EM_AARCH64,
} as const satisfies Record<Architecture, number>;

/** Undefined for machines without payloads. */
export function findArchitecture(machine: number): Architecture | undefined {
  return architectures.find((name) => machineOfArchitecture[name] === machine);
}
