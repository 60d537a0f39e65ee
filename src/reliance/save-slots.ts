// Registers that a function pushes as it found them, and gets back from there. A pop restores a register only
// where the stack pointer is at the very place that holds it and nobody has written there: code may make
// room by a push of any register, and take it off by a pop.
//
// Writes count as far as they say a place in the stack themselves, or take its address there. A write
// through another pointer stays within what that points to, and no compiler lets one point to what it saved.

import type { RegisterStep } from "../isa/x86-register-steps.ts";
import type { RegisterSet } from "../isa/x86-registers.ts";
import type { StackReach, StackStep } from "../isa/x86-stack-steps.ts";
import { atEntry, moved, type StackPointers } from "./stack-pointers.ts";

/** The stack as one path, or all that meet somewhere, have left it. */
export interface SavingStack extends StackPointers {
  /** The depth, or less where only the run tells how much room is made; `undefined` when nobody knows. */
  readonly atLeast: number | undefined;
  /** By the depth of the stack when it was pushed: what of a register's value at the entry is there. */
  readonly slots: ReadonlyMap<number, RegisterSet>;
}

export const emptyStack: SavingStack = { ...atEntry, atLeast: 0, slots: new Map() };

const SLOT_SIZE = 8;

/** @param untouched registers that are as at the entry when the instruction begins */
export function stackAfter(
  stack: SavingStack,
  { stack: use }: RegisterStep,
  step: StackStep | undefined,
  untouched: RegisterSet,
): SavingStack {
  if (step === undefined) return lost(undefined);
  const pointers = moved(step, stack);
  const { depth, frame } = pointers;
  const atLeast = depth ?? atLeastAfter(step, stack);
  if (atLeast === undefined) return lost(frame);
  const isLeft = (slot: number) => slot <= atLeast && !isWritten(slot, step.reaches, stack);
  const slots = new Map([...stack.slots].filter(([slot]) => isLeft(slot)));
  if (use?.action === "push" && depth !== undefined) slots.set(depth, use.register & untouched);
  return { depth, frame, atLeast, slots };
}

function atLeastAfter(
  { movesBy, comesFromFrame }: StackStep,
  { atLeast }: SavingStack,
): number | undefined {
  if (comesFromFrame !== undefined || atLeast === undefined) return undefined;
  if (movesBy === undefined) return undefined;
  return movesBy === "down" ? atLeast : atLeast - movesBy;
}

/** Nobody knows where its pointer is. */
function lost(frame: number | undefined): SavingStack {
  return { depth: undefined, frame, atLeast: undefined, slots: new Map() };
}

/** Which registers the instruction gives the value that they had at the entry. */
export function restoredBy(
  { depth, slots }: SavingStack,
  { stack: use }: RegisterStep,
): RegisterSet {
  if (use?.action !== "pop" || depth === undefined) return 0;
  return use.register & (slots.get(depth) ?? 0);
}

/** Where paths meet: what holds on both. */
export function sameOf(one: SavingStack, other: SavingStack): SavingStack {
  const { depth, atLeast } = one;
  const frame = one.frame === other.frame ? one.frame : undefined;
  if (depth !== other.depth || atLeast !== other.atLeast) return lost(frame);
  const slots = new Map<number, RegisterSet>();
  for (const [slot, set] of one.slots) slots.set(slot, set & (other.slots.get(slot) ?? 0));
  return { depth, frame, atLeast, slots };
}

export function isSameStack(one: SavingStack, other: SavingStack): boolean {
  return (
    one.depth === other.depth &&
    one.frame === other.frame &&
    one.atLeast === other.atLeast &&
    one.slots.size === other.slots.size &&
    [...one.slots].every(([slot, set]) => other.slots.get(slot) === set)
  );
}

function isWritten(
  slot: number,
  reaches: StackReach | undefined,
  { depth, frame, atLeast }: SavingStack,
): boolean {
  if (reaches === undefined || reaches.writtenBytes === 0) return false;
  const below = reaches.from === "rsp" ? atLeast : frame;
  if (below === undefined) return false;
  const start = reaches.displacement - below;
  const isAbove = start + reaches.writtenBytes > -slot;
  // From a stack pointer that may lie deeper, a place above the slot may be the slot.
  if (reaches.from === "rsp" && depth === undefined) return isAbove;
  return isAbove && start < SLOT_SIZE - slot;
}
