// Does a function look at its return address, or at what lies above it, where arguments are that found no
// room in registers? Then nothing can be put between it and its callers. Followed are all its paths, and
// those of functions that it ends by jumping to. What cannot be followed counts as looking there.

import { decodeStackSteps, type StackStep } from "../isa/x86-stack-steps.ts";
import {
  type CodePlace,
  type Destination,
  type FunctionCode,
  isPartOfFunction,
} from "./function-code.ts";

export function looksAtCallersStack(function_: FunctionCode): boolean {
  const steps = new Map<FunctionCode, ReadonlyMap<number, StackStep>>();
  const stepsOf = (code: FunctionCode): ReadonlyMap<number, StackStep> => {
    const made = steps.get(code) ?? decodeStackSteps(code.bytes);
    steps.set(code, made);
    return made;
  };
  const seen = new Map<FunctionCode, Set<number>>();
  const work: Position[] = [{ code: function_, offset: 0, depth: 0, frame: undefined }];
  for (let position = work.pop(); position !== undefined; position = work.pop()) {
    const { code, offset } = position;
    const ofCode = seen.get(code) ?? new Set();
    if (ofCode.has(offset) || code.stepAt(offset) === undefined) continue;
    seen.set(code, ofCode.add(offset));
    const stack = stepsOf(code).get(offset);
    if (stack === undefined || looksAbove(stack, position)) return true;
    work.push(...follow({ ...position, ...moved(stack, position) }));
  }
  return false;
}

interface Position extends CodePlace {
  /** Of the stack pointer below where it was at the entry; `undefined` when nobody knows. */
  readonly depth: number | undefined;
  /** The same of %rbp, while it holds a place in the stack. */
  readonly frame: number | undefined;
}

/** Where it goes on from an instruction, with the stack as that leaves it. */
function follow(position: Position): readonly Position[] {
  const { code, offset } = position;
  const step = code.stepAt(offset);
  if (step === undefined) return [];
  const next = { ...position, offset: offset + step.length };
  const to = step.branch && code.destinationOf(step.branch);
  switch (step.flow) {
    case "next":
    case "trap":
    case "call":
    case "call-pointer":
      return [next];
    case "branch":
      return [next, ...jumpTo(to, position)];
    case "jump":
      return jumpTo(to, position);
    case "jump-pointer":
    case "return":
    case "unknown":
      return [];
  }
}

function jumpTo(to: Destination | undefined, position: Position): readonly Position[] {
  if (to?.kind === "inside") return [{ ...position, offset: to.offset }];
  if (to?.kind !== "function") return [];
  if (isPartOfFunction(to.place)) return [{ ...position, ...to.place }];
  return [{ ...to.place, depth: 0, frame: undefined }];
}

function looksAbove({ reaches }: StackStep, { depth, frame }: Position): boolean {
  if (reaches === undefined) return false;
  const { from, displacement } = reaches;
  if (from === "rsp") return depth === undefined || displacement - depth >= 0;
  return frame !== undefined && displacement - frame >= 0;
}

function moved(
  { movesBy, frame: use }: StackStep,
  { depth, frame }: Position,
): Pick<Position, "depth" | "frame"> {
  return {
    depth: depth === undefined || movesBy === undefined ? undefined : depth - movesBy,
    frame: use === "takes-stack-pointer" ? depth : use === "overwritten" ? undefined : frame,
  };
}
