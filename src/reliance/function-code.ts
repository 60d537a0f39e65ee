// A function as its machine code shows it: its instructions, and where calls and jumps lead. Hypervisors
// (image-code.ts) and objects and payloads (object-code.ts) come down to this.

import { findColdParent } from "../elf/cold-part.ts";
import {
  decodeRegisterSteps,
  type RegisterStep,
  type StepBranch,
} from "../isa/x86-register-steps.ts";
import { callClobbered, type RegisterSet, registerSet } from "../isa/x86-registers.ts";
import { decodeStackSteps, type StackStep } from "../isa/x86-stack-steps.ts";
import { type Signature, unknownSignature } from "./signature.ts";

/** Where code goes on: a function from its entry, or a part of one that was split, from its midst. */
export interface CodePlace {
  readonly code: FunctionCode;
  readonly offset: number;
}

export type Destination =
  | { readonly kind: "inside"; readonly offset: number }
  | {
      readonly kind: "function";
      readonly place: CodePlace;
      /** The compiler knew this very code when it compiled the caller. */
      readonly isSeen: boolean;
    }
  /** A function of which nothing is known. */
  | { readonly kind: "elsewhere" }
  /** Through a pointer, which is in a register. */
  | { readonly kind: "pointer"; readonly reads: RegisterSet }
  | { readonly kind: "return" }
  /** No function, but code written by hand that keeps to rules of its own, such as a hypercall page. */
  | { readonly kind: "label" };

/** What boot may put in the place of code; offsets count from the entry, the end is not part of it. */
export interface Alternative {
  readonly start: number;
  readonly end: number;
  /** What the other code reads before it writes it. */
  readonly reads: RegisterSet;
  readonly mayChange: RegisterSet;
}

/** Code that may run as part of a function and is not among its bytes. */
export interface HiddenCode {
  readonly alternatives: readonly Alternative[];
  /** By the offset of an instruction that may fault: where execution goes on then. */
  readonly faults: ReadonlyMap<number, Destination>;
}

const nothingHidden: HiddenCode = { alternatives: [], faults: new Map() };

export interface FunctionSource {
  /** As messages call it. */
  readonly name: string;
  /** From its entry on; may reach behind its end, up to the next function. */
  readonly bytes: Uint8Array;
  readonly leadTo: (branch: StepBranch) => Destination;
  readonly hidden?: () => HiddenCode;
  /** Code that belongs to functions elsewhere, such as what a fault leads to. */
  readonly isPart?: boolean;
  /** Undefined where it is not known; asked for once, and only if it matters. */
  readonly signature?: () => Signature | undefined;
}

export class FunctionCode {
  readonly name: string;
  readonly isPart: boolean;
  readonly #source: FunctionSource;
  readonly #steps = new Map<number, RegisterStep>();

  #known: HiddenCode | undefined;
  #signature: Signature | undefined;
  #stackSteps: ReadonlyMap<number, StackStep> | undefined;

  constructor(source: FunctionSource) {
    this.name = source.name;
    this.isPart = source.isPart ?? findColdParent(source.name) !== undefined;
    this.#source = source;
  }

  /** By its declaration. */
  get signature(): Signature {
    this.#signature ??= this.#source.signature?.() ?? unknownSignature;
    return this.#signature;
  }

  get bytes(): Uint8Array {
    return this.#source.bytes;
  }

  /** The instruction there; `undefined` behind the end. */
  stepAt(offset: number): RegisterStep | undefined {
    const { bytes } = this.#source;
    if (offset < 0 || offset >= bytes.length) return undefined;
    if (!this.#steps.has(offset)) {
      for (const [at, step] of decodeRegisterSteps(bytes, offset)) {
        if (this.#steps.has(at)) break;
        this.#steps.set(at, this.#withAlternative(at, step));
      }
    }
    return this.#steps.get(offset);
  }

  /** What the instruction does with the stack; `undefined` where none begins. */
  stackStepAt(offset: number): StackStep | undefined {
    this.#stackSteps ??= decodeStackSteps(this.#source.bytes);
    return this.#stackSteps.get(offset);
  }

  /** Where a call, jump or branch of it leads. */
  destinationOf(branch: StepBranch): Destination {
    // The compiler saw a piece of assembly there, and what that says to change.
    if (branch.isCall && this.#alternativeAt(branch.fieldOffset)) return { kind: "label" };
    return this.#source.leadTo(branch);
  }

  /** Where execution goes on when the instruction faults; `undefined` for most. */
  faultsTo(offset: number): Destination | undefined {
    return this.#hidden().faults.get(offset);
  }

  #hidden(): HiddenCode {
    this.#known ??= this.#source.hidden?.() ?? nothingHidden;
    return this.#known;
  }

  #alternativeAt(offset: number): Alternative | undefined {
    return this.#hidden().alternatives.find(({ start, end }) => start <= offset && offset < end);
  }

  /** Either code may stand there, so nothing is written for certain. */
  #withAlternative(offset: number, step: RegisterStep): RegisterStep {
    const alternative = this.#alternativeAt(offset);
    if (alternative === undefined) return step;
    return {
      ...step,
      reads: step.reads | alternative.reads,
      sets: 0,
      mayChange: step.mayChange | alternative.mayChange,
    };
  }
}

export const RETURN_THUNK = "__x86_return_thunk";

/** What Xen's compiler options put in the place of returns and of calls through pointers. */
export function destinationOfThunk(name: string): Destination | undefined {
  if (name === RETURN_THUNK) return { kind: "return" };
  const [, register] = /^__x86_indirect_thunk_(\w+)$/.exec(name) ?? [];
  if (register === undefined) return undefined;
  const known = callClobbered.find((found) => found === register);
  return { kind: "pointer", reads: known === undefined ? 0 : registerSet(known) };
}

/** Where a jump of another part of the same function leads, one that was split: nobody takes over. */
export function isPartOfFunction({ code, offset }: CodePlace): boolean {
  return offset !== 0 || code.isPart;
}
