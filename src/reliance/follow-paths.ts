// All paths of a function, with the registers that are as they were at the entry; what is left of them at
// every exit is what the function leaves alone.

import type { RegisterStep } from "../isa/x86-register-steps.ts";
import { ALL_CALL_CLOBBERED, type RegisterSet } from "../isa/x86-registers.ts";
import type { CodePlace, Destination, FunctionCode } from "./function-code.ts";
import {
  emptyStack,
  isSameStack,
  restoredBy,
  type SavingStack,
  sameOf,
  stackAfter,
} from "./save-slots.ts";

export interface Effect {
  readonly preserves: RegisterSet;
  /** Whether it ever comes back. */
  readonly returns: boolean;
}

export interface WayOut {
  readonly effectAt: (destination: Destination | undefined) => Effect;
  /**
   * What stays behind a jump through a pointer. It may lead through a table of jumps to the same
   * function, whose compiler saw the code that nobody can follow here.
   */
  readonly atPointer: RegisterSet;
}

/** What is known of a place, whichever path led there. */
interface State {
  readonly untouched: RegisterSet;
  /** Only of functions that push something at their entry: few do, and following it takes time. */
  readonly stack: SavingStack | undefined;
}

export function followPaths({ code, offset: entry }: CodePlace, out: WayOut): Effect {
  const arrived = new Map<number, State>();
  const work: number[] = [];
  let [preserves, returns] = [ALL_CALL_CLOBBERED, false];
  const reach = (offset: number, state: State): void => {
    const known = arrived.get(offset);
    const both = known === undefined ? state : meet(known, state);
    if (both === known) return;
    arrived.set(offset, both);
    work.push(offset);
  };
  const leave = (untouched: RegisterSet): void => {
    preserves &= untouched;
    returns = true;
  };
  const stack = pushesAtEntry(code, entry) ? emptyStack : undefined;
  reach(entry, { untouched: ALL_CALL_CLOBBERED, stack });
  for (let offset = work.pop(); offset !== undefined; offset = work.pop()) {
    if (returns && preserves === 0) break; // No other path can take more away.
    const step = code.stepAt(offset);
    const before = arrived.get(offset);
    if (step === undefined || before === undefined) continue;
    follow({ code, offset, step, before }, { reach, leave, ...out });
  }
  return { preserves, returns };
}

/** The one that was known, where the other takes nothing away. */
function meet(known: State, { untouched, stack }: State): State {
  const both = known.untouched & untouched;
  const same = known.stack && stack && sameOf(known.stack, stack);
  const isStackKnown =
    known.stack === undefined || (same !== undefined && isSameStack(known.stack, same));
  return both === known.untouched && isStackKnown ? known : { untouched: both, stack: same };
}

interface Position {
  readonly code: FunctionCode;
  readonly offset: number;
  readonly step: RegisterStep;
  readonly before: State;
}

interface Paths extends WayOut {
  readonly reach: (offset: number, state: State) => void;
  readonly leave: (untouched: RegisterSet) => void;
}

function stateAfter({ code, offset, step, before: { untouched, stack } }: Position): State {
  const left = untouched & ~step.mayChange;
  if (stack === undefined) return { untouched: left, stack };
  return {
    untouched: left | restoredBy(stack, step),
    stack: stackAfter(stack, step, code.stackStepAt(offset), untouched),
  };
}

function follow(position: Position, paths: Paths): void {
  const { code, offset, step } = position;
  const next = offset + step.length;
  const destination = step.branch && code.destinationOf(step.branch);
  const state = stateAfter(position);
  const behind = (preserved: RegisterSet): State => ({
    ...state,
    untouched: state.untouched & preserved,
  });
  const fault = code.faultsTo(offset);
  if (fault !== undefined) jump(fault, faulted(position), paths);
  switch (step.flow) {
    case "next":
    case "trap": // Behind one that only warns, execution goes on.
      paths.reach(next, state);
      break;
    case "call":
    case "call-pointer": {
      const effect = paths.effectAt(destination);
      if (effect.returns) paths.reach(next, behind(effect.preserves));
      break;
    }
    case "hypercall":
      paths.reach(next, behind(paths.effectAt({ kind: "label" }).preserves));
      break;
    case "branch":
      paths.reach(next, state);
      jump(destination, state, paths);
      break;
    case "jump":
      jump(destination, state, paths);
      break;
    case "return":
      paths.leave(state.untouched);
      break;
    case "jump-pointer":
      paths.leave(state.untouched & paths.atPointer);
      break;
    case "unknown":
      paths.leave(0);
      break;
  }
}

/** It may have written its registers, but has restored none. */
function faulted({ step, before }: Position): State {
  return { ...before, untouched: before.untouched & ~step.mayChange };
}

/** Inside of the function, back to its caller, or to code that returns to that. */
function jump(destination: Destination | undefined, state: State, paths: Paths): void {
  if (destination?.kind === "inside") {
    paths.reach(destination.offset, state);
  } else if (destination?.kind === "return") {
    paths.leave(state.untouched);
  } else {
    const effect = paths.effectAt(destination);
    if (effect.returns) paths.leave(state.untouched & effect.preserves);
  }
}

function pushesAtEntry(code: FunctionCode, entry: number): boolean {
  for (let offset = entry; ; ) {
    const step = code.stepAt(offset);
    if (step?.flow !== "next") return false;
    if (step.stack?.action === "push" && step.stack.register !== 0) return true;
    offset += step.length;
  }
}
