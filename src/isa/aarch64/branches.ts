// Finds the places that AArch64 code refers to by a distance that the assembler filled in. Instructions
// are words, identified by their fixed bits (Arm ARM, C4.1). ADRP is not included, because a page is
// known only at run time.

import { AARCH64_JUMP } from "../jump.ts";

/** In bytes, of every instruction. */
export const AARCH64_INSTRUCTION_SIZE = 4;

export interface Aarch64Branch {
  /** Of the instruction, in bytes. */
  readonly offset: number;
  /** bl and b reach 128 MiB; the others, tests and compares among them, 1 MiB at most. */
  readonly kind: "call" | "jump" | "conditional-jump" | "address" | "literal";
  /** May be outside of the code, on either side. */
  readonly target: number;
}

interface Form {
  readonly mask: number;
  readonly bits: number;
  /** Position of the distance in words: its lowest bit and its width. */
  readonly shift: number;
  readonly width: number;
  readonly kind: Aarch64Branch["kind"];
}

const forms: readonly Form[] = [
  // bl; b
  { mask: 0xfc000000, bits: 0x94000000, shift: 0, width: 26, kind: "call" },
  { ...AARCH64_JUMP, shift: 0, width: 26, kind: "jump" },
  // b.cond; cbz, cbnz; tbz, tbnz
  { mask: 0xff000010, bits: 0x54000000, shift: 5, width: 19, kind: "conditional-jump" },
  { mask: 0x7e000000, bits: 0x34000000, shift: 5, width: 19, kind: "conditional-jump" },
  { mask: 0x7e000000, bits: 0x36000000, shift: 5, width: 14, kind: "conditional-jump" },
  // ldr of a literal
  { mask: 0x3b000000, bits: 0x18000000, shift: 5, width: 19, kind: "literal" },
];

export function findAarch64Branches(bytes: Uint8Array): readonly Aarch64Branch[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: Aarch64Branch[] = [];
  for (
    let offset = 0;
    offset + AARCH64_INSTRUCTION_SIZE <= bytes.length;
    offset += AARCH64_INSTRUCTION_SIZE
  ) {
    const word = view.getUint32(offset, true);
    const form = forms.find(({ mask, bits }) => (word & mask) >>> 0 === bits);
    const distance = form === undefined ? adrDistance(word) : distanceOf(word, form);
    if (distance === undefined) continue;
    found.push({ offset, kind: form?.kind ?? "address", target: offset + distance });
  }
  return found;
}

function distanceOf(word: number, { shift, width }: Form): number {
  return ((word << (32 - width - shift)) >> (32 - width)) * 4;
}

/** adr: immhi in bits 5 to 23, immlo in bits 29 and 30. */
function adrDistance(word: number): number | undefined {
  if ((word & 0x9f000000) >>> 0 !== 0x10000000) return undefined;
  return (((word << 8) >> 13) << 2) | ((word >>> 29) & 3);
}

/** Whether the last instruction is a jump without a condition or a return (B, BR, RET). */
export function endsAarch64Flow(bytes: Uint8Array): boolean {
  if (bytes.length < AARCH64_INSTRUCTION_SIZE) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = view.getUint32(bytes.length - AARCH64_INSTRUCTION_SIZE, true);
  const isBranch = (word & 0xfc000000) === 0x14000000;
  const toRegister = (word & 0xfffffc1f) >>> 0;
  return isBranch || toRegister === 0xd61f0000 || toRegister === 0xd65f0000;
}
