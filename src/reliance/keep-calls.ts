// What new code expects of functions that it calls from outside: the compiler saw them, and let the code
// keep values in registers which they leave alone, while at run time another body may stand there.
// Each such call gets a keeper (isa/x86-keeper.ts), so that the code relies on nothing.

import { type CallClobbered, FLAGS, type RegisterSet, registersIn } from "../isa/x86-registers.ts";
import { Effects } from "./effects.ts";
import type { FunctionCode } from "./function-code.ts";
import type { ObjectCall } from "./object-code.ts";
import { findReads } from "./read-after.ts";
import type { Reliant } from "./reliance.ts";
import { takesStackArguments } from "./stack-arguments.ts";

export interface CallToKeep {
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

/** @param calls of functions that may have other bodies when the new code runs */
export function keepForCalls(calls: readonly ObjectCall[]): KeptCalls {
  const effects = new Effects("what-compilers-knew");
  const found: CallToKeep[] = [];
  const impossible: { readonly why: string; readonly reliant: Reliant }[] = [];
  for (const { caller, callee, offset, returnsTo, fieldOffset } of calls) {
    if (returnsTo === undefined) continue;
    const { preserves, returns } = effects.of({ code: callee, offset: 0 });
    const wanted = returns ? preserves : 0;
    const reads = findReads({ code: caller, offset: returnsTo }, wanted, effects);
    const [read] = reads;
    if (read === undefined) continue;
    const registers = reads.reduce((set, one) => set | one.registers, 0);
    const why = whyNoKeeper(callee, registers);
    if (why === undefined) {
      found.push({ caller, fieldOffset, registers: registersIn(registers) });
    } else {
      impossible.push({ why, reliant: { caller, offset, registers, read, through: [callee] } });
    }
  }
  return { calls: found, impossible };
}

function whyNoKeeper(callee: FunctionCode, registers: RegisterSet): string | undefined {
  if ((registers & FLAGS) !== 0) return "flags cannot be kept for it";
  if (!takesStackArguments(callee)) return undefined;
  return "that takes arguments on the stack, so that nothing can stand between the two";
}
