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
function isShortJump(opcode: number): boolean {
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
  const found = findShortJumps(bytes, target);
  // A whole hypervisor is read: a loop that does next to nothing for a byte.
  let [distance, wanted] = [0, target];
  for (let at = 0; at < bytes.length; at++) {
    // The last four bytes; as a distance, they count from their end.
    distance = (distance >>> 8) | ((bytes[at] as number) << 24);
    wanted--;
    if (distance !== wanted || at < NEAR_DISTANCE_SIZE) continue;
    const branch = nearBranchAt(bytes, at + 1 - NEAR_DISTANCE_SIZE);
    if (branch === undefined) continue;
    found.push({ offset: branch.offset, returnsTo: branch.kind === "call" ? at + 1 : undefined });
  }
  return found.sort((one, other) => one.offset - other.offset);
}

/**
 * The assembler makes them to static functions that lie near; conditional ones too. `target` counts from where
 * the bytes begin.
 */
export function findShortJumps(bytes: Uint8Array, target: number): BranchSite[] {
  const found: BranchSite[] = [];
  const last = Math.min(bytes.length - 2, target + SHORT_REACH);
  for (let at = Math.max(0, target - SHORT_REACH); at <= last; at++) {
    const distance = ((bytes[at + 1] as number) << 24) >> 24;
    if (at + 2 + distance !== target || !isShortJump(bytes[at] as number)) continue;
    found.push({ offset: at, returnsTo: undefined });
  }
  return found;
}

/** How far the first byte of a short jump lies from its target at most, either way. */
const SHORT_REACH = 130;
