// Every instruction of a piece of x86-64 code with the fields that a reader of machine code wants
// apart: the distance that it refers to, and the constants written into it.

import { iced } from "./iced.ts";
import { eachInstruction, type InstructionReference, referenceOf } from "./x86-decode.ts";

/** Bytes of an instruction that hold a constant; `start` counts from where `bytes` begin. */
export interface ConstantField {
  readonly start: number;
  readonly size: number;
}

/** Offsets count from where `bytes` begin, sizes are in bytes. */
export interface X86Instruction {
  readonly offset: number;
  readonly length: number;
  /** `target` is an offset into `bytes` as well, and may lie outside. */
  readonly reference: (InstructionReference & { readonly fieldOffset: number }) | undefined;
  /** The immediate operand, but not the distance of a branch. */
  readonly immediate: ConstantField | undefined;
  /** lea: the operand's address is taken, its memory is not read. */
  readonly takesAddress: boolean;
}

/** Undefined when some bytes are no instruction: what follows them could be misread. */
export function findInstructions(bytes: Uint8Array): readonly X86Instruction[] | undefined {
  const library = iced();
  const found: X86Instruction[] = [];
  let valid = true;
  eachInstruction(bytes, 0n, (instruction, decoder) => {
    if (instruction.code === library.Code.INVALID) valid = false;
    if (!valid) return;
    const offset = Number(instruction.ip);
    const reference = referenceOf(library, instruction, decoder);
    const fields = decoder.getConstantOffsets(instruction);
    try {
      const isBranch = reference !== undefined && reference.kind !== "operand";
      found.push({
        offset,
        length: instruction.length,
        reference:
          reference === undefined
            ? undefined
            : { ...reference, fieldOffset: offset + reference.fieldStart },
        immediate:
          isBranch || !fields.hasImmediate
            ? undefined
            : { start: offset + fields.immediateOffset, size: fields.immediateSize },
        takesAddress: instruction.mnemonic === library.Mnemonic.Lea,
      });
    } finally {
      fields.free();
    }
  });
  return valid ? found : undefined;
}
