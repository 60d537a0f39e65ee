// Which registers code still reads from some place on, before it writes them: what it expects to find in
// them. Every path is followed. A register counts as read where
//
// - an instruction reads it;
// - a function is called that reads it before it writes it: it is an argument. That is found by following
//   the callee's own paths, so nothing needs to be known of its type. Another body may read one that this
//   one ignores, though the caller passes it: with `any-body` all those count that its declaration has
//   arguments in, or all that may hold arguments where nobody knows that;
// - a function is called through a pointer, and it is one of those that hold arguments: which of them
//   this function takes nobody can see;
// - the function returns, and it is one of those that hold results, by its declaration or by the ABI.
//
// The last two err on the safe side. A call of a function that the compiler did not see ends the search
// otherwise: behind it a compiler expects nothing any more in what calls may change.

import type { RegisterStep, StepFlow } from "../isa/x86-register-steps.ts";
import {
  ALL_CALL_CLOBBERED,
  ARGUMENTS,
  FLAGS,
  RESULTS,
  type RegisterSet,
} from "../isa/x86-registers.ts";
import type { Effects } from "./effects.ts";
import {
  type CodePlace,
  type Destination,
  type FunctionCode,
  isPartOfFunction,
} from "./function-code.ts";
import { PlaceMap } from "./place-map.ts";

export interface RegisterRead extends CodePlace {
  readonly registers: RegisterSet;
}

/** Of functions that are called: what they read by the body that stands there, or what they may take. */
export type CalledBodies = "these-bodies" | "any-body";

/** Of `wanted`, what is read from `start` on, with the places that read it. */
export function findReads(
  start: CodePlace,
  wanted: RegisterSet,
  effects: Effects,
  called: CalledBodies = "these-bodies",
): readonly RegisterRead[] {
  const search = new Search(effects, called);
  search.reach({ ...start, as: "caller" }, wanted);
  return search.run();
}

/** A place, and in whose name it is looked at. */
interface Point extends CodePlace {
  /** `callee`: entered to see which arguments it reads; its results are nobody's concern. */
  readonly as: "caller" | "callee";
}

interface OpenPoint extends Point {
  /** Registers not written since the start. */
  readonly open: RegisterSet;
}

class Search {
  readonly #effects: Effects;
  readonly #called: CalledBodies;
  readonly #reads: RegisterRead[] = [];
  readonly #seen = {
    caller: new PlaceMap<RegisterSet>(),
    callee: new PlaceMap<RegisterSet>(),
  };
  readonly #work: (readonly [point: Point, open: RegisterSet])[] = [];

  constructor(effects: Effects, called: CalledBodies) {
    this.#effects = effects;
    this.#called = called;
  }

  /** `open`: not written since the start. */
  reach(point: Point, open: RegisterSet): void {
    const seen = this.#seen[point.as];
    const known = seen.get(point) ?? 0;
    if ((open & ~known) === 0) return;
    seen.set(point, known | open);
    this.#work.push([point, open]);
  }

  run(): readonly RegisterRead[] {
    for (let item = this.#work.pop(); item !== undefined; item = this.#work.pop()) {
      const [point, open] = item;
      const step = point.code.stepAt(point.offset);
      if (step !== undefined) this.#follow(point, step, open);
    }
    return this.#reads;
  }

  #follow(point: Point, step: RegisterStep, open: RegisterSet): void {
    const { code, offset } = point;
    const next = { ...point, offset: offset + step.length };
    const destination = step.branch && code.destinationOf(step.branch);
    const passes = this.#called === "any-body" && (open & ARGUMENTS) !== 0;
    const callee = passes ? calledFunction(destination) : undefined;
    const expected =
      callee?.signature.arguments ?? expectedAt(step, destination, { ...point, open });
    const registers = open & (step.reads | expected);
    if (registers !== 0) this.#reads.push({ code, offset, registers });
    const fault = code.faultsTo(offset);
    if (fault !== undefined) this.#jump(point, fault, open);
    if (step.flow === "call" || step.flow === "call-pointer") {
      this.#enter(destination, open & ARGUMENTS);
      const { preserves, returns } = this.#effects.at(destination);
      if (returns) this.reach(next, open & preserves);
      return;
    }
    if (step.flow === "hypercall") this.reach(next, open);
    const left = open & ~step.sets;
    if (goesOn.has(step.flow)) this.reach(next, left);
    if (step.flow === "jump" || step.flow === "branch") this.#jump(point, destination, left);
  }

  #jump(point: Point, destination: Destination | undefined, open: RegisterSet): void {
    if (destination?.kind === "inside") {
      this.reach({ ...point, offset: destination.offset }, open);
    } else if (destination?.kind === "function" && isPartOfFunction(destination.place)) {
      this.reach({ ...point, ...destination.place }, open);
    } else {
      // Another function takes over, with the arguments in place.
      this.#enter(destination, open & ARGUMENTS);
    }
  }

  #enter(destination: Destination | undefined, open: RegisterSet): void {
    if (destination?.kind !== "function") return;
    this.reach({ ...destination.place, as: "callee" }, open);
  }
}

const goesOn: ReadonlySet<StepFlow> = new Set(["next", "trap", "branch"]);

/** Not a part of the function that goes on. */
function calledFunction(destination: Destination | undefined): FunctionCode | undefined {
  if (destination?.kind !== "function" || isPartOfFunction(destination.place)) return undefined;
  return destination.place.code;
}

/** What the instruction expects besides its own operands. */
function expectedAt(
  { flow }: RegisterStep,
  destination: Destination | undefined,
  point: OpenPoint,
): RegisterSet {
  switch (flow) {
    case "return":
      return resultsAt(point);
    case "call-pointer":
      return ARGUMENTS;
    case "hypercall": // By which registers it takes arguments is a matter of whoever it goes to.
    case "jump-pointer": // Perhaps by a table of jumps, and then to the same function.
    case "unknown":
      return ALL_CALL_CLOBBERED & ~FLAGS;
    case "next":
    case "trap":
      return 0;
    case "call":
    case "jump":
    case "branch":
      return expectedBy(destination, point);
  }
}

/** Of the function that returns there. */
function resultsAt({ as, code, open }: OpenPoint): RegisterSet {
  // Declarations are read only where they matter.
  return as === "caller" && (open & RESULTS) !== 0 ? code.signature.results : 0;
}

function expectedBy(destination: Destination | undefined, point: OpenPoint): RegisterSet {
  switch (destination?.kind) {
    case "return":
      return resultsAt(point);
    case "pointer":
      return destination.reads | ARGUMENTS;
    case "elsewhere":
    case "label":
      return ARGUMENTS;
    default:
      return 0;
  }
}
