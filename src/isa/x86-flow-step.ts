// The effect of an instruction on general registers and memory, as far as it matters for following an
// address through code (x86-address-flow.ts).

import type { Instruction, InstructionInfoFactory } from "iced-x86";
import { type Iced, iced } from "./iced.ts";
import { eachInstruction, referenceOf } from "./x86-decode.ts";

/** One bit for each of the 16 general registers. */
export type Registers = number;

export interface FlowStep {
  readonly length: number;
  /** Registers read as a value, not as an address to read from. */
  readonly reads: Registers;
  readonly writes: Registers;
  /** Written registers that may keep their former value (cmov). */
  readonly mayKeep: Registers;
  readonly store: FlowStore | undefined;
  /** Registers that point into the stack: the stack pointer, and the frame's where there is one. */
  readonly stack: Registers;
  /** The value goes to a place that is not followed: pushed, or to a register of another kind. */
  readonly hides: boolean;
  /** The result is not an address any more: a distance to another one, or less than 64 bits of it. */
  readonly makesNumber: boolean;
  readonly flow: "next" | "jump" | "branch" | "call" | "return" | "leave" | "trap" | "invalid";
  /** lea: the operand is not memory that is read. */
  readonly takesAddress: boolean;
  /** The target of a branch, or of a RIP-relative operand: an offset into the code. */
  readonly reference: FlowReference | undefined;
}

export interface FlowReference {
  readonly kind: "branch" | "operand";
  /** Offset of the field with the distance. */
  readonly field: number;
  /** According to the present bytes; a relocation may change it. */
  readonly target: number;
}

interface FlowStore {
  /** Registers from which the address in memory is computed. */
  readonly base: Registers;
  readonly sizeBytes: number;
}

/** By offset. `starts` are offsets at which an instruction certainly begins, after padding. */
export function decodeSteps(
  code: Uint8Array,
  relocated: ReadonlySet<number>,
  starts: readonly number[] = [],
): ReadonlyMap<number, FlowStep> {
  const library = iced();
  const factory = new library.InstructionInfoFactory();
  const inside = starts.filter((start) => start > 0 && start < code.length);
  const cuts = [...new Set([0, ...inside, code.length])].sort((left, right) => left - right);
  try {
    const steps = new Map<number, FlowStep>();
    for (const [index, end] of cuts.slice(1).entries()) {
      const start = cuts[index] ?? 0;
      let stack = RSP;
      eachInstruction(code.subarray(start, end), BigInt(start), (instruction, decoder) => {
        const found = referenceOf(library, instruction, decoder);
        const offset = Number(instruction.ip);
        const reference: FlowReference | undefined = found && {
          kind: found.kind === "operand" ? "operand" : "branch",
          field: offset + found.fieldStart,
          target: Number(BigInt.asIntN(64, found.target)),
        };
        const leadsOut =
          reference === undefined ||
          relocated.has(reference.field) ||
          reference.target < 0 ||
          reference.target >= code.length;
        if (setsUpFrame(library, instruction)) stack = RSP | RBP;
        steps.set(offset, {
          length: instruction.length,
          stack,
          ...valuesOf(library, instruction, factory),
          flow: flowOf(library, instruction, leadsOut),
          takesAddress: instruction.mnemonic === library.Mnemonic.Lea,
          reference,
        });
      });
    }
    return steps;
  } finally {
    factory.free();
  }
}

const [RSP, RBP] = [1 << 4, 1 << 5];

/** mov %rsp,%rbp: only debug builds of Xen have frame pointers. */
function setsUpFrame({ Code, Register }: Iced, instruction: Instruction): boolean {
  const { code } = instruction;
  if (code !== Code.Mov_rm64_r64 && code !== Code.Mov_r64_rm64) return false;
  const { op0Register, op1Register } = instruction;
  return op0Register === Register.RBP && op1Register === Register.RSP;
}

function flowOf(library: Iced, instruction: Instruction, leadsOut: boolean): FlowStep["flow"] {
  const { Code, FlowControl } = library;
  if (instruction.code === Code.INVALID) return "invalid";
  switch (instruction.flowControl) {
    case FlowControl.Next:
      return "next";
    case FlowControl.ConditionalBranch:
      return leadsOut ? "leave" : "branch";
    case FlowControl.UnconditionalBranch:
      return leadsOut ? "leave" : "jump";
    case FlowControl.Call:
    case FlowControl.IndirectCall:
      return "call";
    case FlowControl.Return:
      return "return";
    case FlowControl.Exception:
      return "trap";
    default:
      return "leave";
  }
}

type Values = Omit<FlowStep, "length" | "stack" | "flow" | "takesAddress" | "reference">;

/** The flow of values; an address that is only read through does not count. */
function valuesOf(
  library: Iced,
  instruction: Instruction,
  factory: InstructionInfoFactory,
): Values {
  const { Mnemonic, OpAccess, OpKind } = library;
  const { mnemonic } = instruction;
  const perhaps: readonly number[] = [OpAccess.CondWrite, OpAccess.ReadCondWrite];
  const writing: readonly number[] = [OpAccess.Write, OpAccess.ReadWrite, ...perhaps];
  let [reads, writes, mayKeep] = [0, 0, 0];
  let store: FlowStore | undefined;
  const info = factory.info(instruction);
  try {
    for (let operand = 0; operand < instruction.opCount; operand++) {
      const access = info.opAccess(operand);
      const isWritten = writing.includes(access);
      const kind = instruction.opKind(operand);
      if (kind === OpKind.Register) {
        const register = bitOf(library, instruction.opRegister(operand));
        if (isWritten) writes |= register;
        if (perhaps.includes(access)) mayKeep |= register;
        if (access !== OpAccess.Write && access !== OpAccess.CondWrite) reads |= register;
      } else if (kind === OpKind.Memory && mnemonic === Mnemonic.Lea) {
        reads |= baseOf(library, instruction);
      } else if (isWritten) {
        const sizeBytes = library.MemorySizeExt.size(instruction.memorySize);
        store = { base: baseOf(library, instruction), sizeBytes };
      }
    }
  } finally {
    info.free();
  }
  const hides = store === undefined && writes === 0;
  const makesNumber = isNumber(library, instruction);
  if (isZeroing(library, instruction))
    return { reads: 0, writes, mayKeep, store: undefined, hides: false, makesNumber };
  const compares = mnemonic === Mnemonic.Cmp || mnemonic === Mnemonic.Test;
  return { reads: compares ? 0 : reads, writes, mayKeep, store, hides, makesNumber };
}

function isZeroing({ Mnemonic, OpKind }: Iced, instruction: Instruction): boolean {
  const { mnemonic } = instruction;
  return (
    (mnemonic === Mnemonic.Xor || mnemonic === Mnemonic.Sub) &&
    instruction.op1Kind === OpKind.Register &&
    instruction.opRegister(0) === instruction.opRegister(1)
  );
}

/** After subtraction of a constant it is still an address. */
function isNumber(library: Iced, instruction: Instruction): boolean {
  const { Mnemonic, OpKind, Register, RegisterExt } = library;
  const { mnemonic } = instruction;
  if (mnemonic === Mnemonic.Neg || mnemonic === Mnemonic.Not) return true;
  if (mnemonic === Mnemonic.Sub && [OpKind.Register, OpKind.Memory].includes(instruction.op1Kind))
    return true;
  if (instruction.opCount === 0 || instruction.op0Kind !== OpKind.Register) return false;
  const written = instruction.opRegister(0);
  return written !== Register.None && RegisterExt.isGPR(written) && RegisterExt.size(written) < 8;
}

function baseOf(library: Iced, { memoryBase, memoryIndex }: Instruction): Registers {
  return bitOf(library, memoryBase) | bitOf(library, memoryIndex);
}

function bitOf(library: Iced, register: number): Registers {
  const { Register, RegisterExt } = library;
  if (register === Register.None || !RegisterExt.isGPR(register)) return 0;
  return 1 << RegisterExt.number(register);
}
