// x86-64 relocations: all names of the psABI (table 4.9), and the rules of those that objects of Xen
// have.

import {
  data,
  nothing,
  notInXen,
  type RelocationRule,
  rule,
  signed,
  unsigned,
} from "./relocation-rule.ts";

/** r_type for EM_X86_64 */
export const X86Relocation = {
  R_X86_64_NONE: 0,
  R_X86_64_64: 1,
  R_X86_64_PC32: 2,
  R_X86_64_GOT32: 3,
  R_X86_64_PLT32: 4,
  R_X86_64_COPY: 5,
  R_X86_64_GLOB_DAT: 6,
  R_X86_64_JUMP_SLOT: 7,
  R_X86_64_RELATIVE: 8,
  R_X86_64_GOTPCREL: 9,
  R_X86_64_32: 10,
  R_X86_64_32S: 11,
  R_X86_64_16: 12,
  R_X86_64_PC16: 13,
  R_X86_64_8: 14,
  R_X86_64_PC8: 15,
  R_X86_64_DTPMOD64: 16,
  R_X86_64_DTPOFF64: 17,
  R_X86_64_TPOFF64: 18,
  R_X86_64_TLSGD: 19,
  R_X86_64_TLSLD: 20,
  R_X86_64_DTPOFF32: 21,
  R_X86_64_GOTTPOFF: 22,
  R_X86_64_TPOFF32: 23,
  R_X86_64_PC64: 24,
  R_X86_64_GOTOFF64: 25,
  R_X86_64_GOTPC32: 26,
  R_X86_64_SIZE32: 32,
  R_X86_64_SIZE64: 33,
  R_X86_64_GOTPC32_TLSDESC: 34,
  R_X86_64_TLSDESC_CALL: 35,
  R_X86_64_TLSDESC: 36,
  R_X86_64_IRELATIVE: 37,
  R_X86_64_RELATIVE64: 38,
  R_X86_64_GOTPCRELX: 41,
  R_X86_64_REX_GOTPCRELX: 42,
} as const;

const R = X86Relocation;

/** Letters and words: relocation-rule.ts. */
export const x86Rules: ReadonlyMap<number, RelocationRule> = new Map([
  [R.R_X86_64_NONE, rule("S+A", nothing)], // nothing
  [R.R_X86_64_64, rule("S+A", data(8))], // S+A, 8 bytes
  [R.R_X86_64_PC32, rule("S+A-P", data(4), signed(32))], // S+A-P, 4 bytes, ±2 GiB
  // The loader has no PLT: a call goes straight to its target.
  [R.R_X86_64_PLT32, rule("S+A-P", data(4), signed(32))], // S+A-P, 4 bytes, ±2 GiB
  [R.R_X86_64_32, notInXen("S+A", data(4), unsigned(32))], // S+A, 4 bytes, 0 to 4 GiB
  [R.R_X86_64_32S, notInXen("S+A", data(4), signed(32))], // S+A, 4 bytes, ±2 GiB
  [R.R_X86_64_16, notInXen("S+A", data(2))], // S+A, 2 bytes
  [R.R_X86_64_8, notInXen("S+A", data(1))], // S+A, 1 byte
  [R.R_X86_64_PC64, notInXen("S+A-P", data(8))], // S+A-P, 8 bytes
  [R.R_X86_64_PC16, notInXen("S+A-P", data(2))], // S+A-P, 2 bytes
  [R.R_X86_64_PC8, notInXen("S+A-P", data(1))], // S+A-P, 1 byte
]);
