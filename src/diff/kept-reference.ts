// References to what is freed after boot that code had already before the fix. A condition at run time
// kept the old code from using them, so the new one may have them as well: the same function, the same
// target, the same use of it, and no more often. Whatever exceeds this is new, and nothing vouches for it.

import { findColdParent } from "../elf/cold-part.ts";
import { Machine } from "../elf/constants.ts";
import type { Atom, Reference } from "./atom.ts";
import type { Comparison } from "./comparison.ts";

/** Of an atom after: did the same code refer to the target already, in this way and as often? */
export function isKeptReference(from: Atom, reference: Reference, comparison: Comparison): boolean {
  const { correlation, sides } = comparison;
  const group = partsAfter(from, comparison);
  const partners = partsBefore(group, comparison);
  const useOf = (atom: Atom, one: Reference): string => wayOfUse(atom, one, sides.machine);
  const way = useOf(from, reference);
  const wanted = group.flatMap((atom) =>
    atom.references.filter(
      (one) => isSameTarget(one, reference, (target) => target) && useOf(atom, one) === way,
    ),
  );
  const partnerOf = (target: Atom) => correlation.findBefore(target);
  const had = partners.flatMap((atom) =>
    atom.references.filter(
      (one) => isSameTarget(one, reference, partnerOf) && useOf(atom, one) === way,
    ),
  );
  return wanted.length <= had.length;
}

/** A function with its cold parts: what moves between them stays in the function. */
function partsAfter(from: Atom, { after }: Comparison): readonly Atom[] {
  if (from.kind !== "function") return [from];
  const name = findColdParent(from.name) ?? from.name;
  return after.atoms.filter((atom) => isPartOf(atom, name));
}

function partsBefore(group: readonly Atom[], comparison: Comparison): readonly Atom[] {
  const { before, correlation } = comparison;
  const main = group.find(({ name }) => findColdParent(name) === undefined);
  const partner = main && correlation.findBefore(main);
  if (partner === undefined) return [];
  if (partner.kind !== "function") return [partner];
  return before.atoms.filter(
    (atom) => atom === partner || findColdParent(atom.name) === partner.name,
  );
}

function isPartOf({ kind, name }: Atom, wanted: string): boolean {
  return kind === "function" && (findColdParent(name) ?? name) === wanted;
}

/** `wanted` is of the object after; `counterpartOf` gives the atom for it in the object of the other one. */
function isSameTarget(
  { target: one }: Reference,
  { target: wanted }: Reference,
  counterpartOf: (atom: Atom) => Atom | undefined,
): boolean {
  if (one.kind === "atom" && wanted.kind === "atom") {
    return counterpartOf(wanted.atom) === one.atom && wanted.offset === one.offset;
  }
  if (one.kind !== "external" || wanted.kind !== "external") return false;
  return one.symbol.name === wanted.symbol.name && one.offset === wanted.offset;
}

/** x86: opcodes whose ModRM byte says which operation it is. */
const groups = [
  0x80, 0x81, 0x83, 0xc0, 0xc1, 0xc6, 0xc7, 0xd0, 0xd1, 0xd2, 0xd3, 0xf6, 0xf7, 0xfe, 0xff,
];

/** Reading, writing and comparing memory are different uses; which register takes part does not matter. */
function wayOfUse({ bytes }: Atom, { use, offset, size }: Reference, machine: number): string {
  if (use !== "memory" || bytes === undefined) return use;
  if (machine === Machine.EM_AARCH64)
    return [use, bytes[offset + 3], (bytes[offset + 2] ?? 0) & 0xc0].join(" ");
  const [opcode = 0, modrm = 0] = bytes.subarray(Math.max(0, offset - 2), offset);
  return [use, size, opcode, groups.includes(opcode) ? modrm & 0x38 : ""].join(" ");
}
