// What new hooks of an object refer to, directly or through what else is new in it.

import { type Atom, isNameless, roleOf } from "./atom.ts";
import type { Comparison } from "./comparison.ts";

export function isReachedFromHooks(
  wanted: Atom,
  { after, correlation }: Pick<Comparison, "after" | "correlation">,
): boolean {
  const isNew = (atom: Atom) => isNameless(atom) || !correlation.isPaired(atom);
  const open = after.atoms.filter(
    (atom) => roleOf(atom) === "called-by-loader" && !correlation.isPaired(atom),
  );
  const seen = new Set(open);
  for (let atom = open.pop(); atom !== undefined; atom = open.pop()) {
    for (const { target } of atom.references) {
      if (target.kind !== "atom" || seen.has(target.atom)) continue;
      if (target.atom === wanted) return true;
      seen.add(target.atom);
      if (isNew(target.atom)) open.push(target.atom);
    }
  }
  return false;
}
