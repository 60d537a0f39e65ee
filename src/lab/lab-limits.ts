// How small and how large the emulated computer can be.

/** Less, and dom0's kernel does not find room; more cpus than that QEMU's pc board lacks. */
export const labLimits = {
  cpus: { min: 1, max: 8 },
  memoryMb: { min: 448, max: 2048 },
} as const;
