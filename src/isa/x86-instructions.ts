// The instructions of a piece of x86-64 code with separate fields for a reader of machine code: the
// distance to the target, and the immediate constant.

import type { Decoder, Instruction } from "iced-x86";
import { type Iced, iced } from "./iced.ts";
import { eachInstruction, type InstructionReference, referenceOf } from "./x86-decode.ts";

/** Bytes of an instruction that hold a constant; `start` counts from the start of `bytes`. */
interface ConstantField {
  readonly start: number;
  readonly size: number;
}

/** Offsets count from the start of `bytes`, sizes are in bytes. */
export interface X86Reference {
  readonly offset: number;
  readonly length: number;
  /** `target` is an offset into `bytes` as well, and may be outside. */
  readonly reference: InstructionReference & { readonly fieldOffset: number };
  /** lea: the operand's address is taken, its memory is not read. */
  readonly takesAddress: boolean;
}

export interface X86Instruction extends Omit<X86Reference, "reference"> {
  readonly reference: X86Reference["reference"] | undefined;
  /** The immediate operand, but not the distance of a branch. */
  readonly immediate: ConstantField | undefined;
  /**
   * `end`: a jump without a condition or a return, so what follows is only reached from elsewhere.
   * `trap`: an undefined instruction, after which a kernel may go on (a warning) or not.
   */
  readonly flow: "next" | "end" | "trap";
}

/** As findReferences() of x86-references.ts, without its shortcut. */
export function findLibraryReferences(bytes: Uint8Array): readonly X86Reference[] | undefined {
  const library = iced();
  return collect(bytes, (instruction, decoder) => {
    const reference = referenceOf(library, instruction, decoder);
    if (reference === undefined) return undefined;
    const offset = Number(instruction.ip);
    return {
      offset,
      length: instruction.length,
      reference: { ...reference, fieldOffset: offset + reference.fieldStart },
      takesAddress: instruction.mnemonic === library.Mnemonic.Lea,
    };
  });
}

/** As findInstructions() of x86-references.ts, without its shortcut. */
export function findLibraryInstructions(bytes: Uint8Array): readonly X86Instruction[] | undefined {
  const library = iced();
  return collect(bytes, (instruction, decoder) => {
    const offset = Number(instruction.ip);
    const reference = referenceOf(library, instruction, decoder);
    const isBranch = reference !== undefined && reference.kind !== "operand";
    return {
      offset,
      length: instruction.length,
      reference: reference && { ...reference, fieldOffset: offset + reference.fieldStart },
      immediate: isBranch ? undefined : immediateOf(instruction, decoder),
      takesAddress: instruction.mnemonic === library.Mnemonic.Lea,
      flow: flowOf(library, instruction),
    };
  });
}

function flowOf({ FlowControl }: Iced, { flowControl }: Instruction): X86Instruction["flow"] {
  switch (flowControl) {
    case FlowControl.UnconditionalBranch:
    case FlowControl.IndirectBranch:
    case FlowControl.Return:
      return "end";
    case FlowControl.Exception:
      return "trap";
    default:
      return "next";
  }
}

function collect<Item>(
  bytes: Uint8Array,
  describe: (instruction: Instruction, decoder: Decoder) => Item | undefined,
): readonly Item[] | undefined {
  const { Code } = iced();
  const found: Item[] = [];
  let valid = true;
  eachInstruction(bytes, 0n, (instruction, decoder) => {
    if (instruction.code === Code.INVALID) valid = false;
    const item = valid ? describe(instruction, decoder) : undefined;
    if (item !== undefined) found.push(item);
  });
  return valid ? found : undefined;
}

function immediateOf(instruction: Instruction, decoder: Decoder): ConstantField | undefined {
  const fields = decoder.getConstantOffsets(instruction);
  try {
    if (!fields.hasImmediate) return undefined;
    const start = Number(instruction.ip) + fields.immediateOffset;
    return { start, size: fields.immediateSize };
  } finally {
    fields.free();
  }
}
