// What instructions of AArch64 code refer to, found without relocations, for people to read: an address of the
// program is mostly made by two instructions, ADRP for its page, and an addition, load or store for its low 12
// bits. They are brought together by the register between them, along the code as it lies there. Where another
// way may lead in, nothing is said rather than something wrong.

import { AARCH64_INSTRUCTION_SIZE } from "./branches.ts";
import { fieldOfDistance, fieldOfPage, referenceIn } from "./fields.ts";

export interface Aarch64CodeReference {
  /** Of the instruction, in bytes. */
  readonly offset: number;
  /** Whether the instruction has the whole address, its page, or the low bits. */
  readonly part: "whole" | "page" | "low bits";
  /** Undefined where the other half was not found. */
  readonly target: bigint | undefined;
}

/** Load and store of the size 2^scale at a register plus 12 bits, and ADD of 12 bits (Arm ARM, C4.1). */
const ADD = { mask: 0xffc00000, bits: 0x91000000 };
const ACCESS = { mask: 0x3b000000, bits: 0x39000000 };
/** Of SIMD registers: 128 bits where opc<1> is set. */
const SIMD = 0x04000000;
const SIMD_128 = 0x00800000;

const CALL = [
  { mask: 0xfc000000, bits: 0x94000000 },
  { mask: 0xfffffc1f, bits: 0xd63f0000 },
];
const ENDS_FLOW = [
  { mask: 0xfc000000, bits: 0x14000000 },
  { mask: 0xfffffc1f, bits: 0xd61f0000 },
  { mask: 0xfffffc1f, bits: 0xd65f0000 },
];
const PAIR = [{ mask: 0x3a000000, bits: 0x28000000 }];
/** The address register changes: before or after the access. */
const WRITES_BASE = [
  { mask: 0x3b200400, bits: 0x38000400 },
  { mask: 0x3a800000, bits: 0x28800000 },
];
/** Registers that a call may change: x0 to x18, and x30, the return address. */
const CALL_CHANGES = [...Array.from({ length: 19 }, (_, index) => index), 30];

interface Page {
  readonly value: bigint;
  /** Of the ADRP, in the list. */
  readonly reference: number;
}

/** @param address of `bytes[0]` */
export function findCodeReferences(
  bytes: Uint8Array,
  address: bigint,
): readonly Aarch64CodeReference[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: Aarch64CodeReference[] = [];
  const pages = new Map<number, Page>();
  const size = AARCH64_INSTRUCTION_SIZE;
  for (let offset = 0; offset + size <= bytes.length; offset += size) {
    const word = view.getUint32(offset, true);
    const place = BigInt.asUintN(64, address + BigInt(offset));
    const scale = scaleOfLowBits(word);
    const page = scale === undefined ? undefined : pages.get(bitsAt(word, 5));
    if (scale !== undefined) {
      const low = BigInt(((word >>> 10) & 0xfff) << scale);
      const target = page && page.value + low;
      found.push({ offset, part: "low bits", target });
      const first = page && found[page.reference];
      if (page !== undefined && first !== undefined && first.target === undefined) {
        found[page.reference] = { ...first, target };
      }
    }
    forgetChanged(pages, word);
    const reference = wholeOrPage(word, place);
    if (reference === undefined) continue;
    const { part, value } = reference;
    // A linker that puts ADR in the place of ADRP leaves the page in it.
    const isPage = part === "page" || (isAdr(word) && (value & 0xfffn) === 0n);
    if (isPage) pages.set(bitsAt(word, 0), { value, reference: found.length });
    found.push({ offset, part, target: isPage ? undefined : value });
  }
  return found;
}

function wholeOrPage(
  word: number,
  place: bigint,
): { readonly part: "whole" | "page"; readonly value: bigint } | undefined {
  const page = fieldOfPage(word);
  const field = page ?? fieldOfDistance(word);
  const value = field && referenceIn(field, word, place);
  return value === undefined ? undefined : { part: page === undefined ? "whole" : "page", value };
}

/** Undefined for instructions that have no low bits of an address. */
function scaleOfLowBits(word: number): number | undefined {
  if (isOf(word, ADD)) return 0;
  if (!isOf(word, ACCESS)) return undefined;
  return (word & SIMD) !== 0 && (word & SIMD_128) !== 0 ? 4 : word >>> 30;
}

function forgetChanged(pages: Map<number, Page>, word: number): void {
  if (pages.size === 0) return;
  if (ENDS_FLOW.some((form) => isOf(word, form))) {
    pages.clear();
    return;
  }
  if (CALL.some((form) => isOf(word, form))) {
    for (const register of CALL_CHANGES) pages.delete(register);
    return;
  }
  // Of what only reads this register it is forgotten as well, which does no harm.
  pages.delete(bitsAt(word, 0));
  if (PAIR.some((form) => isOf(word, form))) pages.delete(bitsAt(word, 10));
  if (WRITES_BASE.some((form) => isOf(word, form))) pages.delete(bitsAt(word, 5));
}

function isAdr(word: number): boolean {
  return isOf(word, { mask: 0x9f000000, bits: 0x10000000 });
}

/** The number of a register. */
function bitsAt(word: number, at: number): number {
  return (word >>> at) & 31;
}

function isOf(word: number, { mask, bits }: { readonly mask: number; readonly bits: number }) {
  return (word & mask) >>> 0 === bits;
}
