// A function as its machine code shows it: its instructions, and where calls and jumps lead. Hypervisors
// (image-code.ts) and objects and payloads (object-code.ts) come down to this.

import {
  decodeRegisterSteps,
  type RegisterStep,
  type StepBranch,
} from "../isa/x86-register-steps.ts";
import { callClobbered, type RegisterSet, registerSet } from "../isa/x86-registers.ts";

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

export interface FunctionSource {
  /** As messages call it. */
  readonly name: string;
  /** From its entry on; may reach behind its end, up to the next function. */
  readonly bytes: Uint8Array;
  readonly leadTo: (branch: StepBranch) => Destination;
  /**
   * Code that may run as part of it and is not among the bytes: what boot puts in the place of
   * alternatives, what a fault leads to.
   */
  readonly hasHiddenCode: boolean;
}

export class FunctionCode {
  readonly name: string;
  readonly hasHiddenCode: boolean;
  readonly #source: FunctionSource;
  readonly #steps = new Map<number, RegisterStep>();

  constructor(source: FunctionSource) {
    this.name = source.name;
    this.hasHiddenCode = source.hasHiddenCode;
    this.#source = source;
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
        this.#steps.set(at, step);
      }
    }
    return this.#steps.get(offset);
  }

  /** Where a call, jump or branch of it leads. */
  destinationOf(branch: StepBranch): Destination {
    return this.#source.leadTo(branch);
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
  return offset !== 0 || /\.cold(\.\d+)?$/.test(code.name);
}
