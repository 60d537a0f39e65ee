// The landing mark of indirect branches on x86-64 (CET-IBT).

/** In bytes; its poison has the same size. */
export const ENDBR64_SIZE = 4;
export const ENDBR64: readonly number[] = [0xf3, 0x0f, 0x1e, 0xfa];
/** nopw (%rcx): Xen 4.17 and later write it over an ENDBR64 that is never an indirect target (ABI §5.1). */
export const ENDBR64_POISON: readonly number[] = [0x66, 0x0f, 0x1f, 0x01];

export function startsWithEndbr64(code: Uint8Array): boolean {
  return ENDBR64.every((byte, index) => code[index] === byte);
}

export function startsWithPoisonedEndbr(code: Uint8Array): boolean {
  return ENDBR64_POISON.every((byte, index) => code[index] === byte);
}
