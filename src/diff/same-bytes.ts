// Equality of contents with the fields left out that relocations or the assembler fill in.

import type { Atom } from "./atom.ts";
import type { TableField } from "./policy.ts";
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
  if (!sameFields) return false;
  return (
    sameBytes(before.bytes, after.bytes) || sameBytes(withoutFields(before), withoutFields(after))
  );
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

/** The bytes that have a meaning by themselves; undefined without contents. */
export function comparableBytes(atom: Atom): Uint8Array | undefined {
  const silent = atom.rule.layout?.fields.filter(
    ({ meaning }) => meaning === "padding" || meaning === "line",
  );
  const bytes = withoutFields(atom);
  if (bytes === undefined || silent === undefined || silent.length === 0) return bytes;
  const copy = bytes.slice();
  for (const field of silent) keepBits(copy, field, (number) => ~number);
  return copy;
}

/** Fields of an entry that hold the number of a line; undefined when it has none. */
export function lineBytes(atom: Atom): Uint8Array | undefined {
  const lines = atom.rule.layout?.fields.filter(({ meaning }) => meaning === "line") ?? [];
  if (lines.length === 0 || atom.bytes === undefined) return undefined;
  const copy = atom.bytes.slice();
  for (const field of lines) keepBits(copy, field, (number) => number);
  return Uint8Array.from(
    lines.flatMap(({ offset, size }) => [...copy.subarray(offset, offset + size)]),
  );
}

/** Leaves only those bits of a field that `choose` makes of the bits that are its number. */
function keepBits(
  bytes: Uint8Array,
  { offset, size, lineBits = size * 8 }: TableField,
  choose: (number: number) => number,
): void {
  for (const [index, byte] of bytes.subarray(offset, offset + size).entries()) {
    const bits = Math.min(Math.max(lineBits - index * 8, 0), 8);
    bytes[offset + index] = byte & choose((1 << bits) - 1);
  }
}
