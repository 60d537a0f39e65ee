// What each instruction of x86-64 code does with the stack: how far it moves the stack pointer, and which
// places it reaches from there. Enough to tell whether a function looks at what lies above its return
// address, where its caller puts arguments that found no room in registers.

import type { Instruction, InstructionInfo } from "iced-x86";
import { type Iced, iced } from "./iced.ts";
import { eachInstruction } from "./x86-decode.ts";

export interface StackStep {
  /**
   * Of the stack pointer, in bytes; `down` when it makes room that only the run tells, `undefined` when it
   * becomes something else.
   */
  readonly movesBy: number | "down" | undefined;
  /** The stack pointer becomes %rbp and so many bytes. */
  readonly comesFromFrame: number | undefined;
  /** An operand in memory, from the stack pointer or from %rbp. */
  readonly reaches: StackReach | undefined;
  /** What it does with %rbp. */
  readonly frame: "takes-stack-pointer" | "overwritten" | "kept";
}

export interface StackReach {
  readonly from: "rsp" | "rbp";
  readonly displacement: number;
  /** Of what may be written there, in bytes; 0 for an operand that is only read. */
  readonly writtenBytes: number;
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
      const writtenBytes = bytesWritten(library, instruction, info);
      info.free();
      steps.set(Number(instruction.ip), {
        movesBy: movement(library, instruction, writesOperand),
        comesFromFrame: distanceFromFrame(library, instruction),
        reaches: reach(library, instruction, writtenBytes),
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
): StackStep["movesBy"] {
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
  // A size that is counted at run time.
  if (amount === undefined) return mnemonic === Mnemonic.Sub ? "down" : undefined;
  const bytes = Number(BigInt.asIntN(64, BigInt(amount)));
  if (mnemonic === Mnemonic.Sub) return -bytes;
  if (mnemonic === Mnemonic.And) return "down"; // It aligns the stack.
  return mnemonic === Mnemonic.Add ? bytes : undefined;
}

function distanceFromFrame(
  { Mnemonic, OpKind, Register }: Iced,
  instruction: Instruction,
): number | undefined {
  const { mnemonic, op0Kind, op0Register, op1Kind, op1Register } = instruction;
  if (mnemonic === Mnemonic.Leave) return 8; // It takes %rbp itself off as well.
  if (op0Kind !== OpKind.Register || op0Register !== Register.RSP) return undefined;
  if (mnemonic === Mnemonic.Mov) {
    return op1Kind === OpKind.Register && op1Register === Register.RBP ? 0 : undefined;
  }
  const { memoryBase, memoryIndex } = instruction;
  const isPlace = memoryBase === Register.RBP && memoryIndex === Register.None;
  return mnemonic === Mnemonic.Lea && isPlace ? displacementOf(instruction) : undefined;
}

function isConstant(kind: number, { Immediate8to64, Immediate32to64 }: Iced["OpKind"]): boolean {
  return kind === Immediate8to64 || kind === Immediate32to64;
}

function reach(
  { Register }: Iced,
  instruction: Instruction,
  writtenBytes: number,
): StackReach | undefined {
  const { memoryBase } = instruction;
  if (memoryBase !== Register.RSP && memoryBase !== Register.RBP) return undefined;
  const from = memoryBase === Register.RSP ? "rsp" : "rbp";
  return { from, displacement: displacementOf(instruction), writtenBytes };
}

/** By the operand in memory that the instruction names; who takes an address may write there later. */
function bytesWritten(
  { Mnemonic, MemorySizeExt, OpAccess, OpKind, Register }: Iced,
  { mnemonic, opCount, op0Kind, op0Register, op1Kind, memorySize }: Instruction,
  info: InstructionInfo,
): number {
  if (mnemonic === Mnemonic.Lea) return op0Register === Register.RSP ? 0 : 1;
  const { None, Read, CondRead, NoMemAccess } = OpAccess;
  const isWrite = (access: number) => ![None, Read, CondRead, NoMemAccess].includes(access);
  const isFirst = op0Kind === OpKind.Memory && isWrite(info.op0Access);
  const isSecond = opCount > 1 && op1Kind === OpKind.Memory && isWrite(info.op1Access);
  return isFirst || isSecond ? Math.max(MemorySizeExt.size(memorySize), 1) : 0;
}

function displacementOf({ memoryDisplacement }: Instruction): number {
  return Number(BigInt.asIntN(64, memoryDisplacement));
}

function frameUse(
  { Mnemonic, OpKind, Register }: Iced,
  { mnemonic, op0Kind, op0Register, op1Kind, op1Register }: Instruction,
  writesOperand: boolean,
): StackStep["frame"] {
  if (mnemonic === Mnemonic.Leave) return "overwritten";
  if (op0Kind !== OpKind.Register || op0Register !== Register.RBP || !writesOperand) return "kept";
  const isCopy =
    mnemonic === Mnemonic.Mov && op1Kind === OpKind.Register && op1Register === Register.RSP;
  return isCopy ? "takes-stack-pointer" : "overwritten";
}
