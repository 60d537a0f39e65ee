// Bytes of structures in which a payload keeps new members. Independent payloads do not know each other, and
// two that put members into the same hole would write over each other. So each names the bytes by symbols,
// and Xen takes only one payload with the same name (exclusive-names.ts).

export interface HeldBytes {
  /** As C writes it: `struct grant_table`. */
  readonly type: string;
  readonly offset: number;
  readonly size: number;
}

/**
 * One for each byte: ranges that have a byte in common have a name in common. Xen's refusal shows it, so that it
 * says what it is.
 */
export function namesOfHeldBytes({ type, offset, size }: HeldBytes): readonly string[] {
  const name = type.replaceAll(" ", "-");
  return Array.from({ length: size }, (_, at) => `xsplice.holds.byte-${offset + at}-of-${name}`);
}
