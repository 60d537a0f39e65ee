// Who refers to an atom.

import { type Atom, isNameless, type SplitObject } from "./atom.ts";

/** Directly or through what has no name; these are among them. */
export function usersOf(
  atoms: Iterable<Atom>,
  { referrers }: Pick<SplitObject, "referrers">,
): ReadonlySet<Atom> {
  const found = new Set<Atom>();
  const work = [...atoms];
  for (let atom = work.pop(); atom !== undefined; atom = work.pop()) {
    for (const referrer of referrers.get(atom) ?? []) {
      if (found.has(referrer)) continue;
      found.add(referrer);
      if (isNameless(referrer)) work.push(referrer);
    }
  }
  return found;
}
