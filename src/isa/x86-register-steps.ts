// The effect of each instruction of a piece of x86-64 code on the registers that calls may change, and
// where execution continues. From this reliance/ computes which of them a function leaves alone, and
// which a caller still needs after a call.

import type { Decoder, Instruction, InstructionInfo, InstructionInfoFactory } from "iced-x86";
import { type Iced, iced } from "./iced.ts";
import { eachInstruction, referenceOf, UDB } from "./x86-decode.ts";
import { cellsOf, FLAGS, type RegisterSet } from "./x86-registers.ts";

export interface RegisterStep {
  /** Of the instruction, in bytes. */
  readonly length: number;
  readonly reads: RegisterSet;
  /** Certainly written, so that the former value is lost. */
  readonly sets: RegisterSet;
  /** Written conditionally or in part; includes all of `sets`. */
  readonly mayChange: RegisterSet;
  readonly flow: StepFlow;
  /** Target of a call, jump or branch by distance. */
  readonly branch: StepBranch | undefined;
  readonly stack: { readonly action: "push" | "pop"; readonly register: RegisterSet } | undefined;
}

export type StepFlow =
  | "next"
  | "jump"
  | "branch" // a jump or the next instruction
  | "call"
  | "call-pointer"
  | "hypercall" // vmcall and the like: to code that keeps to rules of its own
  | "jump-pointer"
  | "return"
  | "trap" // ud2, int3 and the like
  | "unknown"; // no instruction

/** Offsets count from the start of the code. */
export interface StepBranch {
  readonly fieldOffset: number;
  readonly isCall: boolean;
  /** According to the present bytes; a relocation may change it. */
  readonly target: number;
}

/** Bytes that are decoded at once, because the library copies them. */
const WINDOW_SIZE = 128;
const INSTRUCTION_SIZE_MAX = 15;

/**
 * Some instructions from `start` on, by their offset in `code`; at least one if there is any, and none
 * after the first that never continues to the next.
 */
export function decodeRegisterSteps(
  code: Uint8Array,
  start: number,
): ReadonlyMap<number, RegisterStep> {
  const library = iced();
  const factory = new library.InstructionInfoFactory();
  try {
    const steps = new Map<number, RegisterStep>();
    const window = code.subarray(start, start + WINDOW_SIZE);
    const whole = start + window.length - INSTRUCTION_SIZE_MAX;
    const isLast = start + WINDOW_SIZE >= code.length;
    eachInstruction(window, BigInt(start), (instruction, decoder) => {
      const offset = Number(instruction.ip);
      const isBugMark = instruction.code === library.Code.INVALID && code[offset] === UDB;
      const step = isBugMark ? bugMark : stepOf(library, { instruction, decoder, factory });
      steps.set(offset, step);
      const isCut = !isLast && offset + step.length > whole;
      if (isCut || !goesOn.has(step.flow)) decoder.position = decoder.maxPosition;
    });
    return steps;
  } finally {
    factory.free();
  }
}

const goesOn: ReadonlySet<StepFlow> = new Set([
  "next",
  "branch",
  "call",
  "call-pointer",
  "hypercall",
]);

interface Decoded {
  readonly instruction: Instruction;
  readonly decoder: Decoder;
  readonly factory: InstructionInfoFactory;
}

function stepOf(library: Iced, { instruction, decoder, factory }: Decoded): RegisterStep {
  const reference = referenceOf(library, instruction, decoder);
  const isBranch = reference !== undefined && reference.kind !== "operand";
  return {
    length: instruction.length,
    ...usesOf(library, instruction, factory),
    flow: flowOf(library, instruction),
    branch: isBranch
      ? {
          fieldOffset: Number(instruction.ip) + reference.fieldStart,
          isCall: reference.kind === "call",
          target: Number(BigInt.asIntN(64, reference.target)),
        }
      : undefined,
    stack: stackUseOf(library, instruction),
  };
}

/** The library includes the next byte. */
const bugMark: RegisterStep = {
  length: 1,
  reads: 0,
  sets: 0,
  mayChange: 0,
  flow: "trap",
  branch: undefined,
  stack: undefined,
};

function flowOf(library: Iced, instruction: Instruction): StepFlow {
  const { Code, FlowControl, Mnemonic } = library;
  const { code, flowControl, mnemonic } = instruction;
  if (code === Code.INVALID) return "unknown";
  if (mnemonic === Mnemonic.Int3) return "trap";
  // Xen's C code uses iretq to the next instruction to enable NMIs again.
  if (mnemonic === Mnemonic.Iretq) return "next";
  switch (flowControl) {
    case FlowControl.Next:
    case FlowControl.Interrupt:
      return "next";
    case FlowControl.UnconditionalBranch:
      return "jump";
    case FlowControl.ConditionalBranch:
    case FlowControl.XbeginXabortXend:
      return "branch";
    case FlowControl.Call:
      return instruction.isCallNear ? "call" : "hypercall";
    case FlowControl.IndirectCall:
      return "call-pointer";
    case FlowControl.IndirectBranch:
      return "jump-pointer";
    case FlowControl.Return:
      return "return";
    case FlowControl.Exception:
      return "trap";
    default:
      return "unknown";
  }
}

function usesOf(
  library: Iced,
  instruction: Instruction,
  factory: InstructionInfoFactory,
): Pick<RegisterStep, "reads" | "sets" | "mayChange"> {
  const info = factory.info(instruction);
  try {
    const { reads, sets, mayChange } = generalUses(library, info);
    const flags = flagUses(library, instruction);
    const stale = readsOnlyItsOwnStaleValue(library, instruction) ? sets : 0;
    return {
      reads: (reads & ~stale) | flags.reads,
      sets: sets | flags.sets,
      mayChange: mayChange | flags.mayChange,
    };
  } finally {
    info.free();
  }
}

type Uses = Pick<RegisterStep, "reads" | "sets" | "mayChange">;

function generalUses({ OpAccess }: Iced, info: InstructionInfo): Uses {
  const reading = [OpAccess.Read, OpAccess.CondRead, OpAccess.ReadWrite, OpAccess.ReadCondWrite];
  const writing = [OpAccess.Write, OpAccess.ReadWrite];
  const perhapsWriting = [OpAccess.CondWrite, OpAccess.ReadCondWrite];
  let [reads, sets, mayChange] = [0, 0, 0];
  for (const used of info.usedRegisters()) {
    const { cells, wholly } = cellsOf(used.register);
    const { access } = used;
    used.free();
    if (reading.includes(access)) reads |= cells;
    if (writing.includes(access)) sets |= wholly;
    if (writing.includes(access) || perhapsWriting.includes(access)) mayChange |= cells;
  }
  return { reads, sets, mayChange };
}

/** inc and dec do not change the carry flag, so the flags are not entirely overwritten. */
function flagUses({ RflagsBits }: Iced, { rflagsRead, rflagsModified }: Instruction): Uses {
  const { CF, PF, AF, ZF, SF, OF } = RflagsBits;
  const arithmetic = CF | PF | AF | ZF | SF | OF;
  const [read, changed] = [rflagsRead & arithmetic, rflagsModified & arithmetic];
  const isReplaced = (changed & CF) !== 0 && (changed & ZF) !== 0;
  return {
    reads: read === 0 ? 0 : FLAGS,
    sets: isReplaced ? FLAGS : 0,
    mayChange: changed === 0 ? 0 : FLAGS,
  };
}

/** `sbb %eax,%eax` gives 0 or -1, depending only on the carry flag. */
function readsOnlyItsOwnStaleValue({ Mnemonic, OpKind }: Iced, instruction: Instruction): boolean {
  const { mnemonic, op0Kind, op1Kind, op0Register, op1Register } = instruction;
  const isRegisters = op0Kind === OpKind.Register && op1Kind === OpKind.Register;
  return mnemonic === Mnemonic.Sbb && isRegisters && op0Register === op1Register;
}

function stackUseOf(
  { Mnemonic, OpKind }: Iced,
  { mnemonic, op0Kind, op0Register }: Instruction,
): RegisterStep["stack"] {
  const isPush = mnemonic === Mnemonic.Push;
  if ((!isPush && mnemonic !== Mnemonic.Pop) || op0Kind !== OpKind.Register) return undefined;
  return { action: isPush ? "push" : "pop", register: cellsOf(op0Register).wholly };
}
