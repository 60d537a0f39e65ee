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

/** Offsets are those of the code; `returnsTo` is undefined for jumps. */
export interface BranchSite {
  readonly offset: number;
  readonly returnsTo: number | undefined;
}

/**
 * Calls and jumps to `target`, both counted from where the bytes begin. Whatever looks like one is taken:
 * other bytes hardly ever say the very distance of a function by chance.
 */
export function findNearBranches(bytes: Uint8Array, target: number): readonly BranchSite[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: BranchSite[] = [];
  for (let at = 1; at < bytes.length; at++) {
    const before = bytes[at - 1] ?? 0;
    if (mayPrecede[before] === 0) continue;
    // The assembler makes short jumps to static functions that lie near.
    if (isShortJump(before) && view.getInt8(at) === target - at - 1) {
      found.push({ offset: at - 1, returnsTo: undefined });
    }
    const next = at + NEAR_DISTANCE_SIZE;
    if (next > bytes.length || view.getInt32(at, true) !== target - next) continue;
    const branch = nearBranchAt(bytes, at);
    if (branch === undefined) continue;
    found.push({ offset: branch.offset, returnsTo: branch.kind === "call" ? next : undefined });
  }
  return found;
}

/** By the byte before a distance; all others are spared the closer look, since a whole hypervisor is read. */
const mayPrecede = Uint8Array.from({ length: 256 }, (_, opcode) => {
  const isNear = [X86_CALL_OPCODE, X86_JUMP_OPCODE].includes(opcode) || (opcode & 0xf0) === 0x80;
  return isNear || isShortJump(opcode) ? 1 : 0;
});
