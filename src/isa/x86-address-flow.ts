// Follows an address that an instruction takes: on every path from there, with the set of registers
// that hold the address, or a value computed from it, and reports its uses. Stored values are not
// followed, not even on the stack.

import { decodeSteps, type FlowReference, type FlowStep, type Registers } from "./x86-flow-step.ts";
import {
  ALL_CALL_CLOBBERED,
  ARGUMENTS as ARGUMENT_CELLS,
  RESULTS as RESULT_CELLS,
  registerBits,
} from "./x86-registers.ts";

export type AddressUse = {
  /** Offset of the instruction. */
  readonly offset: number;
  /** Registers that hold the address at that point. */
  readonly holders: Registers;
} & (
  | {
      readonly kind: "store";
      readonly place: "stack" | "relative" | "own" | "elsewhere";
      readonly reference: FlowReference | undefined;
      readonly sizeBytes: number;
    }
  /** `leave`: a jump out of the code. */
  | { readonly kind: "call" | "leave"; readonly reference: FlowReference | undefined }
  /** `hide`: no longer followed; `unknown`: not an instruction. */
  | { readonly kind: "return" | "hide" | "unknown" }
);

export interface FlowStart {
  /** Offset of an instruction. */
  readonly offset: number;
  /** The registers that hold the address before it; undefined for the instruction that takes it. */
  readonly holders?: Registers;
}

/**
 * `values`: every value computed from the address; `pointers`: only values that can be an address, so
 * neither the distance between two places nor a half of an address is followed.
 */
export type Followed = "values" | "pointers";

const [RAX, RSP] = [1, 1 << 4];
const RESULT: Registers = registerBits(RESULT_CELLS);
const CALL_PRESERVES: Registers = 0xffff & ~(registerBits(ALL_CALL_CLOBBERED) | RSP);
export const ARGUMENTS: Registers = registerBits(ARGUMENT_CELLS);

/**
 * Registers that calls may change, but which stay valid where the compiler saw that the callee leaves
 * them alone (reliance/reliance.ts); by the offset of the call's distance and the target of its present
 * bytes.
 */
export type CallSurvivors = (field: number, target: number) => Registers;

const noSurvivors: CallSurvivors = () => 0;

/** Code that is queried more than once. */
export class AddressFlow {
  readonly steps: ReadonlyMap<number, FlowStep>;
  readonly #survivors: CallSurvivors;

  /**
   * `relocated` holds the offsets of fields that a relocation fills in, whose targets are outside of
   * the code; `starts` those at which functions begin.
   */
  constructor(
    code: Uint8Array,
    relocated: ReadonlySet<number>,
    starts: readonly number[] = [],
    survivors: CallSurvivors = noSurvivors,
  ) {
    this.steps = decodeSteps(code, relocated, starts);
    this.#survivors = survivors;
  }

  usesOf(start: FlowStart, followed: Followed): readonly AddressUse[] {
    const first = this.steps.get(start.offset);
    if (first === undefined) return [{ kind: "unknown", ...start, holders: 0 }];
    if (start.holders !== undefined) return this.#follow(start.offset, start.holders, followed);
    if (first.writes === 0 || first.flow !== "next")
      return [{ kind: "unknown", offset: start.offset, holders: 0 }];
    return this.#follow(start.offset + first.length, first.writes, followed);
  }

  #survivingCall({ flow, reference }: FlowStep): Registers {
    if (flow !== "call" || reference === undefined) return CALL_PRESERVES;
    return CALL_PRESERVES | this.#survivors(reference.field, reference.target ?? -1);
  }

  #follow(start: number, holders: Registers, followed: Followed): readonly AddressUse[] {
    const uses = new Map<number, AddressUse>();
    const seen = new Map<number, Registers>();
    const work: [offset: number, holders: Registers][] = [[start, holders]];
    for (let item = work.pop(); item !== undefined; item = work.pop()) {
      const [offset, arriving] = item;
      const known = seen.get(offset) ?? 0;
      if ((arriving & ~known) === 0) continue;
      const holding = arriving | known;
      seen.set(offset, holding);
      const step = this.steps.get(offset);
      const use = useOf(step, offset, holding, followed);
      if (use !== undefined) uses.set(offset, use);
      if (step === undefined) continue;
      const after = holdersAfter(step, holding, followed, this.#survivingCall(step));
      if (after === 0) continue;
      if (step.flow !== "jump") work.push([offset + step.length, after]);
      if (step.flow === "jump" || step.flow === "branch")
        work.push([step.reference?.target ?? -1, after]);
    }
    return [...uses.values()];
  }
}

/** Facts about where an address can be passed, which the code alone does not show. */
export interface WaysOut {
  readonly survivors: CallSurvivors;
  /** The result registers that the caller reads. */
  readonly results: Registers;
  /** A jump out of the code that ends the function, or calls another one at its end; by its field. */
  readonly endOf: (field: number) => "return" | "call" | undefined;
  /** Whether what is called there keeps or returns one of these arguments. Unknown code does. */
  readonly isKept: (callee: FlowReference, passed: Registers) => boolean;
}

/** Registers for functions without a result, with a number in one register, and for all others. */
export const RESULTS = { nothing: 0, number: RAX, unknown: RESULT } as const;

/**
 * Whether the function only reads through the address that it has from `start` on, or passes it on, so that it
 * may be used later. Wrong answers are possible in one direction only: code that is not understood counts
 * as passing it on. So does a spill to the stack.
 */
export function addressEscapes(
  code: Uint8Array,
  start: FlowStart,
  relocated: ReadonlySet<number>,
  { survivors, results, endOf, isKept }: WaysOut,
): boolean {
  const flow = new AddressFlow(code, relocated, [], survivors);
  return flow.usesOf(start, "values").some((use) => {
    if (use.kind !== "call" && use.kind !== "leave") {
      return use.kind !== "return" || (use.holders & results) !== 0;
    }
    const { holders, reference } = use;
    const end = use.kind === "call" ? "call" : reference && endOf(reference.field);
    if (end === "return") return (holders & results) !== 0;
    if (end === undefined) return true;
    const passed = holders & ARGUMENTS;
    return passed !== 0 && (reference?.kind !== "branch" || isKept(reference, passed));
  });
}

/** Whether the address has any use but subtraction and comparison. */
export function isUsedAsPointer(flow: AddressFlow, offset: number): boolean {
  return flow
    .usesOf({ offset }, "pointers")
    .some(({ kind, holders }) => kind !== "return" || (holders & RESULT) !== 0);
}

function useOf(
  step: FlowStep | undefined,
  offset: number,
  holders: Registers,
  followed: Followed,
): AddressUse | undefined {
  if (step === undefined) return { kind: "unknown", offset, holders };
  const { reference } = step;
  switch (step.flow) {
    case "call":
    case "leave":
      return { kind: step.flow, offset, holders, reference };
    case "return":
      return { kind: "return", offset, holders };
    case "invalid":
      return { kind: "unknown", offset, holders };
    case "next":
      break;
    default:
      return undefined;
  }
  if ((step.reads & holders) === 0) return undefined;
  const { store } = step;
  if (store === undefined) return step.hides ? { kind: "hide", offset, holders } : undefined;
  if (followed === "pointers" && store.sizeBytes < 8) return undefined;
  const place = placeOf(step, holders);
  return { kind: "store", offset, holders, place, reference, sizeBytes: store.sizeBytes };
}

function placeOf({ store, stack, reference }: FlowStep, holders: Registers) {
  const base = store?.base ?? 0;
  if (reference !== undefined) return "relative";
  if ((base & stack) !== 0) return "stack";
  return (base & holders) !== 0 ? "own" : "elsewhere";
}

/** None when the path ends here. */
function holdersAfter(
  step: FlowStep,
  holders: Registers,
  followed: Followed,
  survivingCalls: Registers,
): Registers {
  switch (step.flow) {
    case "call":
      return holders & survivingCalls;
    case "jump":
    case "branch":
      return holders;
    case "next":
      break;
    default:
      return 0;
  }
  const kept = holders & ~(step.writes & ~step.mayKeep);
  const isUsed = (step.reads & holders) !== 0;
  if (!isUsed || step.store !== undefined) return kept;
  if (followed === "pointers" && step.makesNumber) return kept & ~step.writes;
  return kept | step.writes;
}
