// What disassemble() is asked for, and what it answers.

export interface AssemblyLine {
  readonly address: bigint;
  readonly bytes: Uint8Array;
  /** `jmp 0xffff82d0405b0000 <new_version>` */
  readonly text: string;
}

export interface DisassembleOptions {
  /** Address of `bytes[0]`. */
  readonly address: bigint;
  /** Into `bytes`: instructions that end here, or before, are left out. Text takes longer than decoding. */
  readonly from?: number;
  /**
   * Returns the name of an instruction's target, printed after it in angle brackets. `fieldOffset` is
   * the offset in `bytes` of the distance, where its relocation would be.
   */
  readonly resolveName?: (target: bigint, fieldOffset: number) => string | undefined;
  /**
   * The same by the relocation alone: for an instruction of AArch64 that has a part of an address, and not the
   * other.
   */
  readonly resolveRelocation?: (fieldOffset: number) => string | undefined;
}
