// Bytes that assemblers and linkers put between functions and variables to align the next one.

/** Zeroes; in code also int3 and the NOPs of x86 (SDM volume 2, "NOP", table 4-12) and AArch64. */
export function isFilling(bytes: Uint8Array, isCode: boolean): boolean {
  if (bytes.every((byte) => byte === 0)) return true;
  if (!isCode) return false;
  let offset = 0;
  while (offset < bytes.length) {
    const length = fillingLength(bytes, offset);
    if (length === 0) return false;
    offset += length;
  }
  return true;
}

/** Of one filling instruction at `offset`, in bytes; 0 for anything else. */
function fillingLength(bytes: Uint8Array, offset: number): number {
  const byteAt = (index: number): number => bytes[offset + index] ?? -1;
  if (byteAt(0) === 0x1f && byteAt(1) === 0x20 && byteAt(2) === 0x03 && byteAt(3) === 0xd5)
    return 4;
  if (byteAt(0) === 0x00 || byteAt(0) === 0xcc) return 1;
  let prefixes = 0;
  while (byteAt(prefixes) === 0x66 || byteAt(prefixes) === 0x2e) prefixes++;
  if (byteAt(prefixes) === 0x90) return prefixes + 1;
  if (byteAt(prefixes) !== 0x0f || byteAt(prefixes + 1) !== 0x1f) return 0;
  const modrm = byteAt(prefixes + 2);
  const mod = modrm >> 6;
  const hasSib = (modrm & 7) === 4 && mod !== 3;
  const displacement = mod === 1 ? 1 : mod === 2 ? 4 : 0;
  return modrm < 0 ? 0 : prefixes + 3 + (hasSib ? 1 : 0) + displacement;
}

/** What filling of code is made of: `int3`, `zeroes`, `NOPs`. */
export function fillersOf(bytes: Uint8Array): readonly string[] {
  const found = new Set<string>();
  for (let offset = 0; offset < bytes.length; ) {
    const byte = bytes[offset];
    found.add(byte === 0xcc ? "int3" : byte === 0 ? "zeroes" : "NOPs");
    offset += Math.max(fillingLength(bytes, offset), 1);
  }
  return [...found];
}
