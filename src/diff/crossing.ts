// Variables that the patch moves between two objects. Each comparison sees one object, where such a
// variable is removed or new; only all objects of a fix together show that it is still the same one,
// and that its value must stay in use (compare/crossings.ts). Here they appear as their name does in
// another object: a symbol that this one does not define.

import type { Atom } from "./atom.ts";
import { namingSymbol } from "./atom.ts";
import type { Correlation } from "./correlate/correlation.ts";

/** Of one object: names of symbols, with the object at the other end. */
export interface Crossings {
  /** Defined by the object before, and by that one after. */
  readonly away: ReadonlyMap<string, string>;
  /** Defined by the object after, and by that one before. */
  readonly here: ReadonlyMap<string, string>;
}

/** A variable without a partner in its own object, which has one in another. */
interface CrossedAtom {
  readonly name: string;
  /** The object at the other end. */
  readonly other: string;
}

export type CrossedAtoms = ReadonlyMap<Atom, CrossedAtom>;

export function findCrossed(
  { before, after }: { readonly before: readonly Atom[]; readonly after: readonly Atom[] },
  correlation: Correlation,
  crossings: Crossings | undefined,
): CrossedAtoms {
  const found = new Map<Atom, CrossedAtom>();
  const add = (atoms: readonly Atom[], names: ReadonlyMap<string, string>): void => {
    for (const atom of atoms) {
      const name = namingSymbol(atom)?.name ?? "";
      const other = names.get(name);
      if (other === undefined || atom.kind !== "data" || correlation.isPaired(atom)) continue;
      found.set(atom, { name, other });
    }
  };
  if (crossings === undefined) return found;
  add(before, crossings.away);
  add(after, crossings.here);
  return found;
}
