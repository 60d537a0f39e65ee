// What a new body owes to callers that rely on registers which its function left alone before: whichever
// of them it changes are saved around it, by a keeper (isa/x86-keeper.ts). Where a keeper would be in the
// way there is a reason in words.

import {
  ALL_CALL_CLOBBERED,
  type CallClobbered,
  namesOfRegisters,
  type RegisterSet,
  registersIn,
} from "../isa/x86-registers.ts";
import { certainlyPreserved, Effects } from "./effects.ts";
import type { FunctionCode } from "./function-code.ts";
import { findReads } from "./read-after.ts";
import { type CallSite, choicesOf, type Reliant } from "./reliance.ts";
import { whyNoKeeper } from "./why-no-keeper.ts";

export interface NewBody {
  /** Calls that leave the payload, or lead to what may be replaced, lead to code that nobody knows. */
  readonly code: FunctionCode;
  /** What it takes the place of, so that both take the same arguments. */
  readonly old: FunctionCode | undefined;
  /** Calls of the function by new code. */
  readonly ownCalls: readonly CallSite[];
}

export type KeptRegisters =
  | { readonly kind: "none" }
  | { readonly kind: "kept"; readonly registers: readonly CallClobbered[] }
  /** `why` goes on from "its callers rely on …, and". */
  | { readonly kind: "impossible"; readonly why: string; readonly harmed: readonly Reliant[] };

export function keepForCallers(body: NewBody, reliants: readonly Reliant[]): KeptRegisters {
  let kept: KeptRegisters = { kind: "none" };
  for (const choice of choicesOf(reliants)) {
    kept = keepAll(body, choice);
    if (kept.kind !== "impossible") return kept;
  }
  return kept;
}

function keepAll(body: NewBody, reliants: readonly Reliant[]): KeptRegisters {
  if (reliants.length === 0) return { kind: "none" };
  const changed = ALL_CALL_CLOBBERED & ~certainlyPreserved([body.code]);
  const harmed = reliants.filter(({ registers }) => (registers & changed) !== 0);
  const registers = changed & harmed.reduce((set, one) => set | one.registers, 0);
  if (registers === 0) return { kind: "none" };
  const callees = body.old === undefined ? [body.code] : [body.code, body.old];
  const why =
    whyNoKeeper({ registers, callees, reliants: harmed }) ?? whyOwnCallsForbid(body, registers);
  if (why !== undefined) return { kind: "impossible", why, harmed };
  return { kind: "kept", registers: registersIn(registers) };
}

function whyOwnCallsForbid(
  { ownCalls, code }: NewBody,
  registers: RegisterSet,
): string | undefined {
  const results = registers & code.signature.results;
  if (results === 0) return undefined;
  const effects = new Effects("what-compilers-knew");
  const reader = ownCalls.find(
    ({ caller, returnsTo }) =>
      returnsTo !== undefined &&
      findReads({ code: caller, offset: returnsTo }, results, effects).length > 0,
  );
  if (reader === undefined) return undefined;
  return `new code of "${reader.caller.name}" takes a result in ${namesOfRegisters(results).join(" or ")}`;
}
