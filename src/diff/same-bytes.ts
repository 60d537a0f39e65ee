// Equality of contents with the fields left out that relocations or the assembler fill in.

import type { Atom } from "./atom.ts";
import { requireDefined } from "./require-defined.ts";

/** The same size and bytes, and references at the same places, whatever they refer to. */
export function sameOutsideFields(before: Atom, after: Atom): boolean {
  if (before.size !== after.size || before.references.length !== after.references.length) {
    return false;
  }
  const sameFields = before.references.every((reference, index) => {
    const { offset, size } = requireDefined(after.references[index]);
    return reference.offset === offset && reference.size === size;
  });
  return sameFields && sameBytes(withoutFields(before), withoutFields(after));
}

export function sameBytes(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return left.length === right.length && Buffer.compare(left, right) === 0;
}

/** A copy with zeroes for what is filled in; undefined without contents. */
export function withoutFields({ bytes, references }: Atom): Uint8Array | undefined {
  if (bytes === undefined || references.length === 0) return bytes;
  const copy = bytes.slice();
  for (const { offset, size, isInstruction } of references) {
    if (!isInstruction) copy.fill(0, offset, offset + size);
  }
  return copy;
}
