// The instructions of a piece of x86-64 code, and the places that it refers to by a distance.

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
