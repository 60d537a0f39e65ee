// The instructions of a piece of x86-64 code, and the places that it refers to by a distance.

import { iced } from "./iced.ts";
import { findCommonInstructions, findCommonReferences } from "./x86-common.ts";
import {
  findLibraryInstructions,
  findLibraryReferences,
  type X86Instruction,
  type X86Reference,
} from "./x86-instructions.ts";

/**
 * Only the instructions that refer to a place by a distance. Undefined when some bytes are not an
 * instruction, because the following bytes could be misread.
 */
export function findReferences(bytes: Uint8Array): readonly X86Reference[] | undefined {
  return findCommonReferences(bytes) ?? findLibraryReferences(bytes);
}

/** All instructions; undefined when some bytes are not an instruction. */
export function findInstructions(bytes: Uint8Array): readonly X86Instruction[] | undefined {
  return findCommonInstructions(bytes) ?? findLibraryInstructions(bytes);
}

/**
 * Whether the instruction that refers to a place there only looks at what is stored in it. Who takes the place's
 * address may write to it later.
 * @param fieldOffset of the bytes that hold the place's address or distance
 * @returns `false` also where the code cannot be decoded
 */
export function onlyReads(code: Uint8Array, fieldOffset: number): boolean {
  const found = findInstructions(code)?.find(
    ({ offset, length }) => offset <= fieldOffset && fieldOffset < offset + length,
  );
  if (found === undefined || found.takesAddress) return false;
  const { Decoder, DecoderOptions, InstructionInfoFactory, OpAccess, OpKind } = iced();
  const bytes = code.subarray(found.offset, found.offset + found.length);
  const decoder = new Decoder(64, bytes, DecoderOptions.None);
  const instruction = decoder.decode();
  const factory = new InstructionInfoFactory();
  const info = factory.info(instruction);
  try {
    const operands = Array.from({ length: instruction.opCount }, (_, index) => index);
    const inMemory = operands.filter((index) => instruction.opKind(index) === OpKind.Memory);
    const accesses = inMemory.map((index) => info.opAccess(index));
    const reading: readonly number[] = [OpAccess.Read, OpAccess.CondRead];
    // The field may be another operand's, which hands the address on.
    const constants = decoder.getConstantOffsets(instruction);
    const { hasDisplacement, displacementOffset } = constants;
    constants.free();
    const holdsField = hasDisplacement && displacementOffset === fieldOffset - found.offset;
    return holdsField && accesses.length > 0 && accesses.every((one) => reading.includes(one));
  } finally {
    info.free();
    factory.free();
    instruction.free();
    decoder.free();
  }
}
