// Where the stack pointer and the frame pointer are, from the entry of a function on.

import type { StackStep } from "../isa/x86-stack-steps.ts";

export interface StackPointers {
  /** Of the stack pointer below where it was at the entry; `undefined` when nobody knows. */
  readonly depth: number | undefined;
  /** The same of %rbp, while it holds a place in the stack. */
  readonly frame: number | undefined;
}

export const atEntry: StackPointers = { depth: 0, frame: undefined };

/** Behind an instruction. */
export function moved(step: StackStep, { depth, frame }: StackPointers): StackPointers {
  return {
    depth: depthAfter(step, { depth, frame }),
    frame:
      step.frame === "takes-stack-pointer"
        ? depth
        : step.frame === "overwritten"
          ? undefined
          : frame,
  };
}

function depthAfter(
  { movesBy, comesFromFrame }: StackStep,
  { depth, frame }: StackPointers,
): number | undefined {
  if (comesFromFrame !== undefined) {
    return frame === undefined ? undefined : frame - comesFromFrame;
  }
  return depth === undefined || typeof movesBy !== "number" ? undefined : depth - movesBy;
}
