// What each instruction of x86-64 code does with the stack: how far it moves the stack pointer, and which
// places it reaches from there. Enough to tell whether a function looks at what lies above its return
// address, where its caller puts arguments that found no room in registers.

import type { Instruction } from "iced-x86";
import { type Iced, iced } from "./iced.ts";
import { eachInstruction } from "./x86-decode.ts";

export interface StackStep {
  /** Of the stack pointer, in bytes; `undefined` when it becomes something else. */
  readonly movesBy: number | undefined;
  /** An operand in memory, from the stack pointer or from %rbp. */
  readonly reaches: { readonly from: "rsp" | "rbp"; readonly displacement: number } | undefined;
  /** What it does with %rbp. */
  readonly frame: "takes-stack-pointer" | "overwritten" | "kept";
}

/** By offset; straight on, whatever flows where. */
export function decodeStackSteps(code: Uint8Array): ReadonlyMap<number, StackStep> {
  const library = iced();
  const steps = new Map<number, StackStep>();
  const factory = new library.InstructionInfoFactory();
  try {
    eachInstruction(code, 0n, (instruction) => {
      const info = factory.info(instruction);
      const writesOperand = info.op0Access !== library.OpAccess.Read;
      info.free();
      steps.set(Number(instruction.ip), {
        movesBy: movement(library, instruction, writesOperand),
        reaches: reach(library, instruction),
        frame: frameUse(library, instruction, writesOperand),
      });
    });
    return steps;
  } finally {
    factory.free();
  }
}

function movement(
  { Mnemonic, OpKind, Register }: Iced,
  instruction: Instruction,
  writesOperand: boolean,
): number | undefined {
  const { mnemonic, op0Kind, op0Register, stackPointerIncrement } = instruction;
  // A callee takes its own return address off again.
  if (mnemonic === Mnemonic.Call) return 0;
  if (mnemonic === Mnemonic.Leave) return undefined;
  const isStackPointer = op0Kind === OpKind.Register && op0Register === Register.RSP;
  if (!isStackPointer || !writesOperand) return stackPointerIncrement;
  if (mnemonic === Mnemonic.Lea && instruction.memoryBase === Register.RSP) {
    const isPlain = instruction.memoryIndex === Register.None;
    return isPlain ? displacementOf(instruction) : undefined;
  }
  const isImmediate = instruction.opCount === 2 && instruction.op1Kind !== OpKind.Register;
  const amount =
    isImmediate && isConstant(instruction.op1Kind, OpKind) ? instruction.immediate(1) : undefined;
  if (amount === undefined) return undefined;
  const bytes = Number(BigInt.asIntN(64, BigInt(amount)));
  if (mnemonic === Mnemonic.Sub) return -bytes;
  return mnemonic === Mnemonic.Add ? bytes : undefined;
}

function isConstant(kind: number, { Immediate8to64, Immediate32to64 }: Iced["OpKind"]): boolean {
  return kind === Immediate8to64 || kind === Immediate32to64;
}

function reach({ Register }: Iced, instruction: Instruction): StackStep["reaches"] {
  const { memoryBase } = instruction;
  if (memoryBase !== Register.RSP && memoryBase !== Register.RBP) return undefined;
  const from = memoryBase === Register.RSP ? "rsp" : "rbp";
  return { from, displacement: displacementOf(instruction) };
}

function displacementOf({ memoryDisplacement }: Instruction): number {
  return Number(BigInt.asIntN(64, memoryDisplacement));
}

function frameUse(
  { Mnemonic, OpKind, Register }: Iced,
  { mnemonic, op0Kind, op0Register, op1Kind, op1Register }: Instruction,
  writesOperand: boolean,
): StackStep["frame"] {
  if (op0Kind !== OpKind.Register || op0Register !== Register.RBP || !writesOperand) return "kept";
  const isCopy =
    mnemonic === Mnemonic.Mov && op1Kind === OpKind.Register && op1Register === Register.RSP;
  return isCopy ? "takes-stack-pointer" : "overwritten";
}
