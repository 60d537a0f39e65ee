// References of code to itself: the assembler fills them in, so they count as part of the bytes when objects
// are compared. A payload may have a relocation in such a place, since the emitter leads calls of a replaced
// function to the hypervisor's entry, those from its own new body included.

import type { Atom, Reference } from "../diff/atom.ts";
import { distanceFields } from "../diff/split/code.ts";
import type { ElfObject } from "../elf/object.ts";

/** @param offsets of fields, into the atom; those where no branch or address is have no reference */
export function referencesInside(
  object: ElfObject,
  atom: Atom,
  offsets: readonly number[],
): readonly Reference[] {
  const { section, start, size } = atom;
  const wanted = new Set(offsets.map((offset) => start + offset));
  const fields = distanceFields(object, section, [start, start + size], wanted);
  return [...fields.values()]
    .filter(({ offset, target }) => wanted.has(offset) && target >= start && target < start + size)
    .map((field) => ({
      offset: field.offset - start,
      size: field.size,
      bias: field.bias,
      use: field.use,
      isInstruction: field.isInstruction,
      target: { kind: "atom", atom, offset: field.target - start },
      relocation: undefined,
      lineBits: undefined,
    }));
}
