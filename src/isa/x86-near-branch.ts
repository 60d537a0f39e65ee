// Recognises near branches of x86-64 by the bytes before their distance, without decoding the code around
// them. Other bytes match rarely, and even more rarely with a distance that leads to a certain place.

import { X86_CALL_OPCODE, X86_JUMP_OPCODE } from "./jump.ts";

/** Size of a near branch's distance, in bytes; it counts from their end. */
export const NEAR_DISTANCE_SIZE = 4;

interface NearBranch {
  readonly kind: "call" | "jump" | "conditional-jump";
  /** Offset of the instruction, prefixes not included. */
  readonly offset: number;
}

/** @param field offset of the distance */
export function nearBranchAt(code: Uint8Array, field: number): NearBranch | undefined {
  const [first, last = 0] = [code[field - 2], code[field - 1]];
  if (last === X86_CALL_OPCODE) return { kind: "call", offset: field - 1 };
  if (last === X86_JUMP_OPCODE) return { kind: "jump", offset: field - 1 };
  const isConditional = first === 0x0f && (last & 0xf0) === 0x80;
  return isConditional ? { kind: "conditional-jump", offset: field - 2 } : undefined;
}

const X86_SHORT_JUMP_OPCODE = 0xeb;

/** By the byte before its distance of one byte; conditional ones too. */
export function isShortJump(opcode: number): boolean {
  return opcode === X86_SHORT_JUMP_OPCODE || (opcode & 0xf0) === 0x70;
}
