// The limits of the emulated computer.

/** With less memory dom0's kernel does not fit; QEMU's pc board has no more cpus. */
export const labLimits = {
  cpus: { min: 1, max: 8 },
  memoryMb: { min: 448, max: 2048 },
} as const;
