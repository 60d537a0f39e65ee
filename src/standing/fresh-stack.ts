// What lies below a call or jump of x86-64 code on the stack. Xen leaves for another function by giving the
// CPU a new stack (`mov %reg,%rsp`) right before: then none of the callers is returned to.

import type { Instruction } from "iced-x86";
import { type Iced, iced } from "../isa/iced.ts";
import { eachInstruction, UDB } from "../isa/x86-decode.ts";

export type StackBelow =
  /** Nothing: on the way to it, another register was moved to the stack pointer. */
  | "fresh"
  /** The frames of the function's callers; also where it cannot be told. */
  | "callers"
  /** The code has no instruction there. */
  | "no-instruction";

/** @param at offset of the call or jump in the function's code */
export function stackBelow(code: Uint8Array, at: number): StackBelow {
  const { Code, FlowControl } = iced();
  let isFresh = false;
  let reached = at === 0;
  let isReadable = true;
  eachInstruction(code, 0n, (instruction, decoder) => {
    const start = Number(instruction.ip);
    if (start >= at) return;
    let end = Number(instruction.nextIP);
    if (instruction.code === Code.INVALID) {
      isReadable &&= code[start] === UDB;
      // The library includes the next byte.
      end = start + 1;
      decoder.position = end;
      decoder.ip = BigInt(end);
      isFresh = false;
    } else if (switchesStack(iced(), instruction)) {
      isFresh = true;
    } else if (
      instruction.flowControl === FlowControl.UnconditionalBranch ||
      instruction.flowControl === FlowControl.IndirectBranch ||
      instruction.flowControl === FlowControl.Return
    ) {
      // What follows is come to from elsewhere.
      isFresh = false;
    }
    reached = end === at;
  });
  if (!isReadable) return "callers";
  if (!reached) return "no-instruction";
  return isFresh ? "fresh" : "callers";
}

/** Taking the stack pointer back from RBP only ends a frame. */
function switchesStack({ Code, Register }: Iced, instruction: Instruction): boolean {
  const { code, op0Register, op1Register } = instruction;
  if (code !== Code.Mov_r64_rm64 && code !== Code.Mov_rm64_r64) return false;
  if (op0Register !== Register.RSP || op1Register === Register.None) return false;
  return op1Register !== Register.RBP;
}
