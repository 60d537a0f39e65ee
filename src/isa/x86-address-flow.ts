// Where the address goes that an instruction takes: does the function only read through it, or does
// it hand it out, so that somebody may still hold it later? Every path from the instruction on is
// followed with the set of registers that hold the address, or something computed from it.
//
// Errs on one side only: what is not understood counts as handed out. So does a spill to the stack.

import type { Instruction, InstructionInfoFactory } from "iced-x86";
import { type Iced, iced } from "./iced.ts";
import { eachInstruction, referenceOf } from "./x86-decode.ts";

type Registers = number; // one bit for each of the 16 general registers

interface Step {
  readonly length: number;
  /** Read as a value, not as an address to read from. */
  readonly reads: Registers;
  readonly writes: Registers;
  readonly storesOrHides: boolean;
  readonly flow: "next" | "jump" | "branch" | "call" | "return" | "leave" | "trap";
  /** Of a jump or branch, an offset into the code. */
  readonly target: number;
}

/**
 * `start` is the offset of an instruction that takes an address into a register (lea); `relocated`
 * holds the offsets of fields that a relocation fills in, so that they lead out of the code.
 */
export function addressEscapes(
  code: Uint8Array,
  start: number,
  relocated: ReadonlySet<number>,
): boolean {
  const steps = decodeSteps(code, relocated);
  const first = steps.get(start);
  if (first === undefined || first.writes === 0 || first.flow !== "next") return true;
  const seen = new Map<number, Registers>();
  const work: [offset: number, tainted: Registers][] = [[start + first.length, first.writes]];
  for (let item = work.pop(); item !== undefined; item = work.pop()) {
    const [offset, arriving] = item;
    const known = seen.get(offset) ?? 0;
    if ((arriving & ~known) === 0) continue;
    const tainted = arriving | known;
    seen.set(offset, tainted);
    const step = steps.get(offset);
    const after = step === undefined ? "escapes" : follow(step, tainted);
    if (step === undefined || after === "escapes") return true;
    if (after === 0) continue;
    if (step.flow !== "jump") work.push([offset + step.length, after]);
    if (step.flow === "jump" || step.flow === "branch") work.push([step.target, after]);
  }
  return false;
}

/** The registers that hold the address after the step; none when the path ends here. */
function follow(step: Step, tainted: Registers): Registers | "escapes" {
  switch (step.flow) {
    case "call":
      // System V ABI, 3.2.3: arguments, and what a call leaves alone (rbx, rbp, r12 - r15).
      return (tainted & ARGUMENTS) !== 0 ? "escapes" : tainted & PRESERVED;
    case "return":
      return (tainted & RESULT) !== 0 ? "escapes" : 0;
    case "leave":
      return "escapes";
    case "trap":
      return 0;
    case "jump":
    case "branch":
      return tainted;
    case "next": {
      const usesValue = (step.reads & tainted) !== 0;
      if (usesValue && step.storesOrHides) return "escapes";
      const kept = tainted & ~step.writes;
      return usesValue ? kept | step.writes : kept;
    }
  }
}

const [RAX, RCX, RDX, RBX, RBP, RSI, RDI, R8, R9] = [0, 1, 2, 3, 5, 6, 7, 8, 9];
const RESULT = bits(RAX, RDX);
const ARGUMENTS = bits(RDI, RSI, RDX, RCX, R8, R9);
const PRESERVED = bits(RBX, RBP, 12, 13, 14, 15);

function bits(...registers: readonly (number | undefined)[]): Registers {
  return registers.reduce<number>((set, register) => set | (1 << (register ?? 0)), 0);
}

function decodeSteps(code: Uint8Array, relocated: ReadonlySet<number>): ReadonlyMap<number, Step> {
  const library = iced();
  const factory = new library.InstructionInfoFactory();
  try {
    const steps = new Map<number, Step>();
    eachInstruction(code, 0n, (instruction, decoder) => {
      const offset = Number(instruction.ip);
      const reference = referenceOf(library, instruction, decoder);
      const target = reference === undefined ? -1 : Number(BigInt.asIntN(64, reference.target));
      const leadsOut =
        relocated.has(offset + (reference?.fieldStart ?? 0)) || target < 0 || target >= code.length;
      steps.set(offset, {
        length: instruction.length,
        ...valuesOf(library, instruction, factory),
        flow: flowOf(library, instruction, leadsOut),
        target,
      });
    });
    return steps;
  } finally {
    factory.free();
  }
}

function flowOf(library: Iced, instruction: Instruction, leadsOut: boolean): Step["flow"] {
  const { Code, FlowControl } = library;
  if (instruction.code === Code.INVALID) return "leave";
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

/** What the instruction does with values; an address that is only read through is none. */
function valuesOf(
  library: Iced,
  instruction: Instruction,
  factory: InstructionInfoFactory,
): Pick<Step, "reads" | "writes" | "storesOrHides"> {
  const { Mnemonic, OpAccess, OpKind } = library;
  const { mnemonic } = instruction;
  const writing: readonly number[] = [
    OpAccess.Write,
    OpAccess.CondWrite,
    OpAccess.ReadWrite,
    OpAccess.ReadCondWrite,
  ];
  let [reads, writes, stores] = [0, 0, false];
  const info = factory.info(instruction);
  try {
    for (let operand = 0; operand < instruction.opCount; operand++) {
      const access = info.opAccess(operand);
      const isWritten = writing.includes(access);
      const kind = instruction.opKind(operand);
      if (kind === OpKind.Register) {
        const register = bitOf(library, instruction.opRegister(operand));
        if (isWritten) writes |= register;
        if (access !== OpAccess.Write && access !== OpAccess.CondWrite) reads |= register;
      } else if (kind === OpKind.Memory && mnemonic === Mnemonic.Lea) {
        reads |= bitOf(library, instruction.memoryBase) | bitOf(library, instruction.memoryIndex);
      } else if (isWritten) {
        stores = true;
      }
    }
  } finally {
    info.free();
  }
  const isZeroing =
    (mnemonic === Mnemonic.Xor || mnemonic === Mnemonic.Sub) &&
    instruction.opRegister(0) === instruction.opRegister(1) &&
    instruction.op1Kind === OpKind.Register;
  if (isZeroing) return { reads: 0, writes, storesOrHides: false };
  const compares = mnemonic === Mnemonic.Cmp || mnemonic === Mnemonic.Test;
  // push, or a move to a register that is not followed: the value is out of sight.
  return { reads: compares ? 0 : reads, writes, storesOrHides: stores || writes === 0 };
}

function bitOf(library: Iced, register: number): Registers {
  const { Register, RegisterExt } = library;
  if (register === Register.None || !RegisterExt.isGPR(register)) return 0;
  return 1 << RegisterExt.number(register);
}
