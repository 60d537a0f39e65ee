// Does a function look at its return address, or at what lies above it, where arguments are that found no
// room in registers? Then nothing can be put between it and its callers. Followed are all its paths, and
// those of functions that it ends by jumping to. A jump through a pointer may lead through a table to the
// same function, where it may look there as well.

import type { StepFlow } from "../isa/x86-register-steps.ts";
import type { StackStep } from "../isa/x86-stack-steps.ts";
import {
  type CodePlace,
  type Destination,
  type FunctionCode,
  isPartOfFunction,
} from "./function-code.ts";
import { PlaceMap } from "./place-map.ts";
import { moved, type StackPointers } from "./stack-pointers.ts";

/** "unknown": it goes on, or moves its stack, in a way that cannot be followed. */
export type UseOfCallersStack = "none" | "looks" | "unknown";

export function useOfCallersStack(function_: FunctionCode): UseOfCallersStack {
  const seen = new PlaceMap<true>();
  const work: Position[] = [{ code: function_, offset: 0, depth: 0, frame: undefined }];
  for (let position = work.pop(); position !== undefined; position = work.pop()) {
    const { code, offset } = position;
    const step = code.stepAt(offset);
    if (seen.get(position) || step === undefined) continue;
    seen.set(position, true);
    const stack = code.stackStepAt(offset);
    const use = stack === undefined || isLost.has(step.flow) ? "unknown" : useOf(stack, position);
    if (stack === undefined || use !== "none") return use;
    work.push(...follow({ ...position, ...moved(stack, position) }));
  }
  return "none";
}

const isLost: ReadonlySet<StepFlow> = new Set(["jump-pointer", "unknown"]);

interface Position extends CodePlace, StackPointers {}

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
    case "hypercall":
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

function useOf({ reaches }: StackStep, { depth, frame }: Position): UseOfCallersStack {
  if (reaches === undefined) return "none";
  const { from, displacement } = reaches;
  if (from === "rsp" && depth === undefined) return "unknown";
  const below = from === "rsp" ? depth : frame;
  return below !== undefined && displacement - below >= 0 ? "looks" : "none";
}
