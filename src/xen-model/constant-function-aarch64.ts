// The result of a tiny function of AArch64, as constant-function.ts says it for x86-64.

import { machineOfArchitecture } from "../isa/architecture.ts";
import { decodeJump } from "../isa/jump.ts";
import type { ReadBytes } from "./read-bytes.ts";

const SIZE = 4n;
const STEPS_MAX = 16;
const RET = 0xd65f03c0;
/** nop, bti, paciasp: hints, which change no result. */
const HINT = { mask: 0xfffff01f, bits: 0xd503201f };
/** movz w0, #n; movn w0, #n; mov w0, wzr */
const MOVZ_W0 = { mask: 0xffe0001f, bits: 0x52800000 };
const MOVN_W0 = { mask: 0xffe0001f, bits: 0x12800000 };
const ZERO_W0 = { mask: 0xffffffff, bits: 0x2a1f03e0 };
/** adr x0, place; adrp x0, page; add x0, x0, #n */
const ADR_X0 = { mask: 0x9f00001f, bits: 0x10000000 };
const ADRP_X0 = { mask: 0x9f00001f, bits: 0x90000000 };
const ADD_X0 = { mask: 0xffc003ff, bits: 0x91000000 };

/** `movz`, `movn` and `mov` of w0, `adr`, `adrp` with `add`, and a return, after jumps. */
export function aarch64ConstantResult(read: ReadBytes, entry: bigint): bigint | undefined {
  let at = entry;
  let value: bigint | undefined;
  for (let step = 0; step < STEPS_MAX; step++) {
    const code = read(at, Number(SIZE));
    if (code === undefined) return undefined;
    const word = new DataView(code.buffer, code.byteOffset, code.length).getUint32(0, true);
    if (word === RET) return value;
    const jump = decodeJump(machineOfArchitecture.aarch64, at, code);
    if (jump === undefined && !isOf(word, HINT)) {
      value = resultOf(word, at, value);
      if (value === undefined) return undefined;
    }
    at = jump ?? at + SIZE;
  }
  return undefined;
}

function resultOf(word: number, at: bigint, before: bigint | undefined): bigint | undefined {
  const constant = BigInt((word >>> 5) & 0xffff);
  if (isOf(word, MOVZ_W0)) return constant;
  if (isOf(word, MOVN_W0)) return BigInt.asUintN(32, ~constant);
  if (isOf(word, ZERO_W0)) return 0n;
  const distance = BigInt((((word << 8) >> 13) << 2) | ((word >>> 29) & 3));
  if (isOf(word, ADR_X0)) return at + distance;
  if (isOf(word, ADRP_X0)) return (at & ~0xfffn) + (distance << 12n);
  if (isOf(word, ADD_X0) && before !== undefined) return before + BigInt((word >>> 10) & 0xfff);
  return undefined;
}

function isOf(word: number, { mask, bits }: { readonly mask: number; readonly bits: number }) {
  return (word & mask) >>> 0 === bits;
}
