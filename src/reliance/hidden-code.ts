// Code that may run as part of a function and is not among its bytes: what boot puts in the place of
// alternatives, and where execution goes on after a fault. Compilers see neither, but both use registers
// that the function has filled before, perhaps ahead of a call.

import { decodeRegisterSteps } from "../isa/x86-register-steps.ts";
import { ALL_CALL_CLOBBERED, ARGUMENTS, FLAGS } from "../isa/x86-registers.ts";
import type { Alternative } from "./function-code.ts";

export interface AlternativeCode {
  readonly start: number;
  readonly end: number;
  readonly replacement: Uint8Array;
}

export function alternativeOf({ start, end, replacement }: AlternativeCode): Alternative {
  return { start, end, ...usesOf(replacement) };
}

/** Replacements are a few instructions in a row. What is more than that counts as using everything. */
function usesOf(code: Uint8Array): Pick<Alternative, "reads" | "mayChange"> {
  let [reads, set, mayChange] = [0, 0, 0];
  for (let offset = 0; offset < code.length; ) {
    const step = decodeRegisterSteps(code, offset).get(offset);
    if (step === undefined) break;
    reads |= step.reads & ~set;
    if (step.flow === "call" || step.flow === "call-pointer") {
      reads |= ARGUMENTS & ~set;
      return { reads, mayChange: ALL_CALL_CLOBBERED };
    }
    // Flags never come in from outside: every piece of assembly in C may change them.
    if (step.flow !== "next" && step.flow !== "trap") {
      return { reads: ALL_CALL_CLOBBERED & ~FLAGS, mayChange: ALL_CALL_CLOBBERED };
    }
    set |= step.sets;
    mayChange |= step.mayChange;
    offset += step.length;
  }
  return { reads: reads & ~FLAGS, mayChange };
}
