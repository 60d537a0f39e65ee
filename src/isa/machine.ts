// The two machines, by the numbers that stand in e_machine. elf/ has them too, under the names of
// the specification; this folder knows nothing of ELF files.

export type Architecture = "x86-64" | "aarch64";

/** The architecture of an e_machine value, undefined for those that Xen payloads are never for. */
export function architectureOf(machine: number): Architecture | undefined {
  switch (machine) {
    case 62:
      return "x86-64";
    case 183:
      return "aarch64";
    default:
      return undefined;
  }
}
