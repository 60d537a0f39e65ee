// Where nothing can be put between a caller that relies on registers and the function that it calls, in
// words that go on from "… relies on registers, and".

import { FLAGS, namesOfRegisters, type RegisterSet } from "../isa/x86-registers.ts";
import { certainlyPreserved } from "./effects.ts";
import type { FunctionCode } from "./function-code.ts";
import type { Reliant } from "./reliance.ts";
import { useOfCallersStack } from "./stack-arguments.ts";

export interface KeeperQuestion {
  readonly registers: RegisterSet;
  /** Whom a keeper would call: each must find its caller's stack as it is. */
  readonly callees: readonly FunctionCode[];
  /** Of each caller, what it relies on, and the functions that were seen to leave that alone. */
  readonly reliants: readonly Pick<Reliant, "registers" | "through">[];
}

export function whyNoKeeper({ registers, callees, reliants }: KeeperQuestion): string | undefined {
  if ((registers & FLAGS) !== 0) return "flags cannot be kept";
  // A keeper that restores what is a result would lose it. But what a function leaves alone on every path
  // is no result of it, and of no other body for it.
  const results = callees.reduce((set, { signature }) => set | signature.results, 0);
  const uncertain = reliants.reduce(
    (set, one) => set | (registers & one.registers & results & ~certainlyPreserved(one.through)),
    0,
  );
  if (uncertain !== 0) {
    return `what is in ${namesOfRegisters(uncertain).join(" and ")} after the call may be a result`;
  }
  if (callees.some(({ signature }) => signature.stackArguments === "some")) {
    return "the function takes arguments on the stack, so that nothing can stand between it and its callers";
  }
  const uses = callees.map((callee) => {
    const use = useOfCallersStack(callee);
    // Without arguments on the stack, neither its own code nor what it jumps to at its end has any to look at.
    return use === "unknown" && callee.signature.stackArguments === "none" ? "none" : use;
  });
  if (uses.includes("looks")) {
    return "the function looks at its return address or at arguments on the stack, so that nothing can stand between it and its callers";
  }
  if (!uses.includes("unknown")) return undefined;
  return "it cannot be told whether the function looks at arguments on the stack (it jumps through a pointer, or moves its stack in another way), so that nothing may stand between it and its callers";
}
