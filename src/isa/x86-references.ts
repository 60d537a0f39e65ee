// The places that a piece of x86-64 code refers to by a distance.

import { findCommonReferences } from "./x86-common.ts";
import { findLibraryReferences, type X86Reference } from "./x86-instructions.ts";

/**
 * Only the instructions that refer to a place by a distance. Undefined when some bytes are not an
 * instruction, because the following bytes could be misread.
 */
export function findReferences(bytes: Uint8Array): readonly X86Reference[] | undefined {
  return findCommonReferences(bytes) ?? findLibraryReferences(bytes);
}
