// Which registers that calls may change a function leaves as they were, whatever path it takes. What the
// entry pushes and every exit pops again counts as left alone.
//
// Calls of functions that the compiler did not see change them all, as the ABI lets them. Where code is
// written by hand or hidden it depends on who asks: for an old function, of which a compiler may have
// known more, nothing is taken for changed (`what-compilers-knew`); for a new body everything
// (`what-may-happen`).

import type { RegisterStep } from "../isa/x86-register-steps.ts";
import { ALL_CALL_CLOBBERED, type RegisterSet } from "../isa/x86-registers.ts";
import type { CodePlace, Destination, FunctionCode } from "./function-code.ts";

export interface Effect {
  readonly preserves: RegisterSet;
  /** Whether it ever comes back. */
  readonly returns: boolean;
}

export type EffectQuestion = "what-compilers-knew" | "what-may-happen";

const changesAll: Effect = { preserves: 0, returns: true };
const leavesAll: Effect = { preserves: ALL_CALL_CLOBBERED, returns: true };
/** What is assumed of code before it was looked at; each look can only take away. */
const unknownYet: Effect = { preserves: ALL_CALL_CLOBBERED, returns: false };

export class Effects {
  readonly #question: EffectQuestion;
  readonly #settled = new PlaceMap<Effect>();
  readonly #open = new PlaceMap<Effect>();

  constructor(question: EffectQuestion) {
    this.#question = question;
  }

  of(place: CodePlace): Effect {
    const known = this.#settled.get(place);
    if (known !== undefined) return known;
    this.#open.set(place, unknownYet);
    // Functions that call each other settle together, and looking at one can bring more of them.
    for (let isStable = false; !isStable; ) {
      const round = this.#open.entries();
      const changes = round.map(([each, before]) => this.#update(each, before));
      isStable = !changes.includes("changed") && this.#open.entries().length === round.length;
    }
    for (const [each, effect] of this.#open.entries()) this.#settled.set(each, effect);
    this.#open.clear();
    return this.of(place);
  }

  /** Of a call, or of a jump that leaves the function. */
  at(destination: Destination | undefined): Effect {
    return this.#at(destination, (place) => this.of(place));
  }

  #at(destination: Destination | undefined, effectOf: (place: CodePlace) => Effect): Effect {
    switch (destination?.kind) {
      case "function":
        return destination.isSeen ? effectOf(destination.place) : changesAll;
      case "label":
        return this.#question === "what-compilers-knew" ? leavesAll : changesAll;
      default:
        return changesAll;
    }
  }

  #whileOpen(place: CodePlace): Effect {
    const known = this.#settled.get(place) ?? this.#open.get(place);
    if (known !== undefined) return known;
    this.#open.set(place, unknownYet);
    return unknownYet;
  }

  #update(place: CodePlace, before: Effect): "changed" | "same" {
    const effect = this.#examine(place);
    if (before.preserves === effect.preserves && before.returns === effect.returns) return "same";
    this.#open.set(place, effect);
    return "changed";
  }

  #examine(place: CodePlace): Effect {
    const atPointer = this.#question === "what-compilers-knew" ? ALL_CALL_CLOBBERED : 0;
    return followPaths(place, {
      effectAt: (destination) => this.#at(destination, (callee) => this.#whileOpen(callee)),
      atPointer,
    });
  }
}

/** Of them, those that every function certainly leaves alone, whatever anybody knew. */
export function certainlyPreserved(codes: readonly FunctionCode[]): RegisterSet {
  const effects = new Effects("what-may-happen");
  return codes.reduce(
    (set, code) => set & effects.of({ code, offset: 0 }).preserves,
    ALL_CALL_CLOBBERED,
  );
}

interface WayOut {
  readonly effectAt: (destination: Destination | undefined) => Effect;
  /**
   * What stays behind a jump through a pointer. It may lead through a table of jumps to the same
   * function, whose compiler saw the code that nobody can follow here.
   */
  readonly atPointer: RegisterSet;
}

/** With the set of registers that are as they were at the entry. */
function followPaths({ code, offset: entry }: CodePlace, out: WayOut): Effect {
  const saved = savedAtEntry(code, entry);
  const arrived = new Map<number, RegisterSet>();
  const work: number[] = [];
  let [preserves, returns] = [ALL_CALL_CLOBBERED, false];
  const reach = (offset: number, untouched: RegisterSet): void => {
    const known = arrived.get(offset);
    const both = known === undefined ? untouched : known & untouched;
    if (both === known) return;
    arrived.set(offset, both);
    work.push(offset);
  };
  const leave = (untouched: RegisterSet): void => {
    preserves &= untouched;
    returns = true;
  };
  reach(entry, ALL_CALL_CLOBBERED);
  for (let offset = work.pop(); offset !== undefined; offset = work.pop()) {
    if (returns && preserves === 0) break; // No other path can take more away.
    const step = code.stepAt(offset);
    if (step === undefined) continue;
    const position = { code, offset, step, saved, untouched: arrived.get(offset) ?? 0 };
    follow(position, { reach, leave, ...out });
  }
  return { preserves, returns };
}

interface Position {
  readonly code: FunctionCode;
  readonly offset: number;
  readonly step: RegisterStep;
  /** Pushed before anything else was done to them. */
  readonly saved: RegisterSet;
  readonly untouched: RegisterSet;
}

interface Paths extends WayOut {
  readonly reach: (offset: number, untouched: RegisterSet) => void;
  readonly leave: (untouched: RegisterSet) => void;
}

function follow({ code, offset, step, saved, untouched: before }: Position, paths: Paths): void {
  const next = offset + step.length;
  const destination = step.branch && code.destinationOf(step.branch);
  const untouched = before & ~step.mayChange;
  const fault = code.faultsTo(offset);
  if (fault !== undefined) jump(fault, untouched, paths);
  switch (step.flow) {
    case "next":
    case "trap": {
      // Behind a trap that only warns, execution goes on.
      const popped = step.stack?.action === "pop" ? step.stack.register & saved : 0;
      paths.reach(next, untouched | popped);
      break;
    }
    case "call":
    case "call-pointer": {
      const effect = paths.effectAt(destination);
      if (effect.returns) paths.reach(next, untouched & effect.preserves);
      break;
    }
    case "hypercall":
      paths.reach(next, untouched & paths.effectAt({ kind: "label" }).preserves);
      break;
    case "branch":
      paths.reach(next, untouched);
      jump(destination, untouched, paths);
      break;
    case "jump":
      jump(destination, untouched, paths);
      break;
    case "return":
      paths.leave(untouched);
      break;
    case "jump-pointer":
      paths.leave(untouched & paths.atPointer);
      break;
    case "unknown":
      paths.leave(0);
      break;
  }
}

/** Inside of the function, back to its caller, or to code that returns to that. */
function jump(destination: Destination | undefined, untouched: RegisterSet, paths: Paths): void {
  if (destination?.kind === "inside") {
    paths.reach(destination.offset, untouched);
  } else if (destination?.kind === "return") {
    paths.leave(untouched);
  } else {
    const effect = paths.effectAt(destination);
    if (effect.returns) paths.leave(untouched & effect.preserves);
  }
}

function savedAtEntry(code: FunctionCode, entry: number): RegisterSet {
  let [saved, touched] = [0, 0];
  for (let offset = entry; ; ) {
    const step = code.stepAt(offset);
    if (step?.flow !== "next") return saved;
    if (step.stack?.action === "push") saved |= step.stack.register & ~touched;
    touched |= step.mayChange;
    offset += step.length;
  }
}

class PlaceMap<Value> {
  readonly #byCode = new Map<FunctionCode, Map<number, Value>>();

  get({ code, offset }: CodePlace): Value | undefined {
    return this.#byCode.get(code)?.get(offset);
  }

  set({ code, offset }: CodePlace, value: Value): void {
    const ofCode = this.#byCode.get(code) ?? new Map<number, Value>();
    this.#byCode.set(code, ofCode.set(offset, value));
  }

  entries(): readonly (readonly [CodePlace, Value])[] {
    return [...this.#byCode].flatMap(([code, ofCode]) =>
      [...ofCode].map(([offset, value]) => [{ code, offset }, value] as const),
    );
  }

  clear(): void {
    this.#byCode.clear();
  }
}
