// What new hooks of an object may set, directly or through what else is new in it.

import { Machine } from "../elf/constants.ts";
import { onlyReads } from "../isa/x86-references.ts";
import { type Atom, isNameless, type Reference, roleOf } from "./atom.ts";
import type { Comparison } from "./comparison.ts";

/** Whoever takes a variable's address may set it. */
export function maySetInHooks(
  wanted: Atom,
  { after, correlation }: Pick<Comparison, "after" | "correlation">,
): boolean {
  const isX86 = after.object.header.machine === Machine.EM_X86_64;
  const looksOnly = ({ bytes }: Atom, { use, offset }: Reference) =>
    isX86 && use === "memory" && bytes !== undefined && onlyReads(bytes, offset);
  const isNew = (atom: Atom) => isNameless(atom) || !correlation.isPaired(atom);
  const open = after.atoms.filter(
    (atom) => roleOf(atom) === "called-by-loader" && !correlation.isPaired(atom),
  );
  const seen = new Set(open);
  for (let atom = open.pop(); atom !== undefined; atom = open.pop()) {
    for (const reference of atom.references) {
      const { target } = reference;
      if (target.kind !== "atom" || seen.has(target.atom)) continue;
      if (target.atom === wanted) {
        if (!looksOnly(atom, reference)) return true;
        continue;
      }
      seen.add(target.atom);
      if (isNew(target.atom)) open.push(target.atom);
    }
  }
  return false;
}
