// What a function takes and gives, as far as somebody knows its declaration; machine code alone does not show
// arguments that a body ignores, nor which of the registers for results hold one.

import { ARGUMENTS, RESULTS, type RegisterSet } from "../isa/x86-registers.ts";

export interface Signature {
  /** Registers that may hold arguments. */
  readonly arguments: RegisterSet;
  readonly stackArguments: "none" | "some" | "unknown";
  /** Registers that may hold results. */
  readonly results: RegisterSet;
}

/** Whatever the ABI has registers for. */
export const unknownSignature: Signature = {
  arguments: ARGUMENTS,
  stackArguments: "unknown",
  results: RESULTS,
};
