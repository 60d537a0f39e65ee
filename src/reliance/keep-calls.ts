// What new code expects of functions that it calls: the compiler saw them, and let the code keep values
// in registers which they leave alone, while at run time another body may stand there, or in the place of
// a function that the called one calls. Each such call gets a keeper (isa/x86-keeper.ts), so that the
// code relies on nothing.

import { type CallClobbered, type RegisterSet, registersIn } from "../isa/x86-registers.ts";
import { Effects } from "./effects.ts";
import type { FunctionCode } from "./function-code.ts";
import type { ObjectCall } from "./object-code.ts";
import { findReads } from "./read-after.ts";
import type { Reliant } from "./reliance.ts";
import { whyNoKeeper } from "./why-no-keeper.ts";

export interface NewCall {
  readonly call: ObjectCall;
  /** By whatever body stands there when the new code runs. */
  readonly mayChange: RegisterSet;
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
  readonly impossible: readonly { readonly why: string; readonly reliant: Reliant }[];
}

export function keepForCalls(calls: readonly NewCall[]): KeptCalls {
  const effects = new Effects("what-compilers-knew");
  const found: CallToKeep[] = [];
  const impossible: { readonly why: string; readonly reliant: Reliant }[] = [];
  for (const { call, mayChange } of calls) {
    const { caller, callee, offset, returnsTo, fieldOffset } = call;
    if (returnsTo === undefined) continue;
    const { preserves, returns } = effects.of({ code: callee, offset: 0 });
    const wanted = returns ? preserves & mayChange : 0;
    const reads = findReads({ code: caller, offset: returnsTo }, wanted, effects);
    const [read] = reads;
    if (read === undefined) continue;
    const registers = reads.reduce((set, one) => set | one.registers, 0);
    const reliant = { caller, offset, registers, read, through: [callee] };
    const why = whyNoKeeper({ registers, callees: [callee], reliants: [reliant] });
    if (why === undefined) {
      found.push({ caller, fieldOffset, registers: registersIn(registers) });
    } else {
      impossible.push({ why, reliant });
    }
  }
  return { calls: found, impossible };
}
