// What instructions of a linked AArch64 program refer to: the bits of an address that a relocation, or the
// assembler, has put into an instruction, read back. The rules of aarch64.ts say where they lie.

import { aarch64Rules, Aarch64Relocation as R } from "../aarch64.ts";
import type { RelocationField } from "../relocation-rule.ts";

export interface Aarch64Field {
  /**
   * What the value is: an address; the page of an address, without its low 12 bits; or these alone, of
   * which a load or store leaves out those that are zero by its size.
   */
  readonly holds: "address" | "page" | "low bits";
  /** Of the word, that say it; the others are the instruction. */
  readonly mask: number;
  readonly field: RelocationField;
}

/** Undefined for a type whose instruction is not understood. */
export function fieldOfRelocation(type: number): Aarch64Field | undefined {
  if (type === R.R_AARCH64_LD_PREL_LO19) return literal;
  const rule = aarch64Rules.get(type);
  if (rule === undefined) return undefined;
  const { field, value } = rule;
  const mask = maskOf(field);
  if (mask === undefined) return undefined;
  if (value === "Page(S+A)-Page(P)") return { holds: "page", mask, field };
  if (value === "S+A-P") return { holds: "address", mask, field };
  return lowBits.includes(type) ? { holds: "low bits", mask, field } : undefined;
}

const lowBits: readonly number[] = [
  R.R_AARCH64_ADD_ABS_LO12_NC,
  R.R_AARCH64_LDST8_ABS_LO12_NC,
  R.R_AARCH64_LDST16_ABS_LO12_NC,
  R.R_AARCH64_LDST32_ABS_LO12_NC,
  R.R_AARCH64_LDST64_ABS_LO12_NC,
  R.R_AARCH64_LDST128_ABS_LO12_NC,
];

const imm19: RelocationField = { kind: "bits", shift: 2n, width: 19, at: 5 };
const literal: Aarch64Field = { holds: "address", mask: 0x00ffffe0, field: imm19 };

/** Of an instruction whose distance the assembler has filled in (Arm ARM, C4.1). */
export function fieldOfDistance(word: number): Aarch64Field | undefined {
  const form = forms.find(({ mask, bits }) => (word & mask) >>> 0 === bits);
  return form === undefined ? undefined : fieldOfRelocation(form.type);
}

const forms: readonly { readonly mask: number; readonly bits: number; readonly type: number }[] = [
  { mask: 0xfc000000, bits: 0x94000000, type: R.R_AARCH64_CALL26 },
  { mask: 0xfc000000, bits: 0x14000000, type: R.R_AARCH64_JUMP26 },
  { mask: 0xff000010, bits: 0x54000000, type: R.R_AARCH64_CONDBR19 },
  { mask: 0x7e000000, bits: 0x34000000, type: R.R_AARCH64_CONDBR19 },
  { mask: 0x7e000000, bits: 0x36000000, type: R.R_AARCH64_TSTBR14 },
  { mask: 0x3b000000, bits: 0x18000000, type: R.R_AARCH64_LD_PREL_LO19 },
  { mask: 0x9f000000, bits: 0x10000000, type: R.R_AARCH64_ADR_PREL_LO21 },
];

const ADRP = 0x80000000;

/** Of an ADRP. */
export function fieldOfPage(word: number): Aarch64Field | undefined {
  const isAdrp = (word & 0x9f000000) >>> 0 === 0x90000000;
  return isAdrp ? fieldOfRelocation(R.R_AARCH64_ADR_PREL_PG_HI21) : undefined;
}

/**
 * Whether two words are the same instruction but for what they refer to. Linkers put an ADR in the place of
 * an ADRP whose page is near (--fix-cortex-a53-843419): it gives the same value.
 */
export function isSameInstruction(
  { holds, mask }: Aarch64Field,
  left: number,
  right: number,
): boolean {
  const ignored = holds === "page" ? mask | ADRP : mask;
  return ((left ^ right) & ~ignored) === 0;
}

/** What a word at the address `place` refers to, as its field holds it. */
export function referenceIn(
  { holds, field }: Aarch64Field,
  word: number,
  place: bigint,
): bigint | undefined {
  const bits = bitsOf(field, word);
  if (bits === undefined) return undefined;
  if (holds === "low bits") return BigInt.asUintN(12, bits.value << bits.shift);
  const distance = BigInt.asIntN(bits.width, bits.value);
  const isNearPage = holds === "page" && (word & ADRP) === 0;
  const shift = isNearPage ? 0n : bits.shift;
  const from = holds === "page" && !isNearPage ? place & ~0xfffn : place;
  return BigInt.asUintN(64, from + (distance << shift));
}

interface Bits {
  readonly value: bigint;
  readonly width: number;
  readonly shift: bigint;
}

function bitsOf(field: RelocationField, word: number): Bits | undefined {
  if (field.kind === "adr") {
    const value = (((word >>> 5) & 0x7ffff) << 2) | ((word >>> 29) & 3);
    return { value: BigInt(value), width: 21, shift: field.shift };
  }
  if (field.kind !== "bits") return undefined;
  const value = (BigInt(word >>> 0) >> BigInt(field.at)) & ((1n << BigInt(field.width)) - 1n);
  return { value, width: field.width, shift: field.shift };
}

function maskOf(field: RelocationField): number | undefined {
  if (field.kind === "adr") return 0x60ffffe0;
  if (field.kind !== "bits") return undefined;
  return Number(((1n << BigInt(field.width)) - 1n) << BigInt(field.at));
}
