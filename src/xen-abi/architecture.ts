// The architectures whose payloads xSplice reads. Xen has a loader for 32-bit Arm as well; nothing
// here knows its 32-bit ELF files.

export const architectures = ["x86_64", "aarch64"] as const;
export type Architecture = (typeof architectures)[number];

/** e_machine of payloads (ABI reference §1.1). */
export const machineOfArchitecture = { x86_64: 62, aarch64: 183 } as const satisfies Record<
  Architecture,
  number
>;

export function findArchitecture(machine: number): Architecture | undefined {
  return architectures.find((name) => machineOfArchitecture[name] === machine);
}
