// What new code expects of functions that it calls: the compiler saw them, and let the code keep values
// in registers which they leave alone, while at run time another body may stand there, or in the place of
// a function that the called one calls. Each such call gets a keeper (isa/x86-keeper.ts), so that the
// code relies on nothing.

import { type CallClobbered, type RegisterSet, registersIn } from "../isa/x86-registers.ts";
import { Effects } from "./effects.ts";
import type { FunctionCode } from "./function-code.ts";
import type { ObjectCall } from "./object-code.ts";
import { choicesOf, findWanted, type Reliant } from "./reliance.ts";
import { whyNoKeeper } from "./why-no-keeper.ts";

export interface NewCall {
  readonly call: ObjectCall;
  /** By whatever body stands there when the new code runs. */
  readonly mayChange: RegisterSet;
  /**
   * By the payload's own body, where it replaces the callee: another one can only come with a payload that is
   * built on top, and whoever builds that sees who relies on the present one.
   */
  readonly heldChanges?: RegisterSet | undefined;
}

interface CallToKeep {
  readonly caller: FunctionCode;
  /** Of the distance, into the caller. */
  readonly fieldOffset: number;
  readonly registers: readonly CallClobbered[];
}

export interface KeptCalls {
  readonly calls: readonly CallToKeep[];
  /** Calls where a keeper would be in the way, and why; it goes on from "new code relies on …, and". */
  readonly impossible: readonly ImpossibleCall[];
}

interface ImpossibleCall {
  readonly why: string;
  readonly reliant: Reliant;
  readonly callee: FunctionCode;
}

export function keepForCalls(calls: readonly NewCall[]): KeptCalls {
  const effects = new Effects("what-compilers-knew");
  const found: CallToKeep[] = [];
  const impossible: ImpossibleCall[] = [];
  for (const { call, mayChange, heldChanges } of calls) {
    const { caller, callee, offset, returnsTo, fieldOffset } = call;
    if (returnsTo === undefined) continue;
    const { preserves, returns } = effects.of({ code: callee, offset: 0 });
    const wanted = returns ? preserves & mayChange : 0;
    const after = { code: caller, offset: returnsTo };
    const reads = findWanted(after, wanted, effects);
    if (reads === undefined) continue;
    const kept = keep({ caller, offset, ...reads, through: [callee] }, callee);
    if (kept?.why === undefined) {
      if (kept) found.push({ caller, fieldOffset, registers: registersIn(kept.reliant.registers) });
    } else if (
      heldChanges === undefined ||
      findWanted(after, wanted & heldChanges, effects) !== undefined
    ) {
      impossible.push({ why: kept.why, reliant: kept.reliant, callee });
    }
  }
  return { calls: found, impossible };
}

/** The most that can be kept, or why nothing can; `undefined` where nothing has to be. */
function keep(
  wanted: Reliant,
  callee: FunctionCode,
): { readonly reliant: Reliant; readonly why: string | undefined } | undefined {
  const choices = choicesOf([wanted]).flat();
  const asked = choices.map((reliant) => ({
    reliant,
    why: whyNoKeeper({ registers: reliant.registers, callees: [callee], reliants: [reliant] }),
  }));
  const possible = asked.find(({ why }) => why === undefined);
  return possible ?? (wanted.registers === 0 ? undefined : asked.at(-1));
}
