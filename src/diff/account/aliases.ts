// Compilers give one body two names when two functions, or constants, are equal. A patch that makes
// them differ separates the names again: a caller of one by the old shared entry would get the new body
// of the other. The running hypervisor cannot distinguish these callers; the same holds for the
// reverse.

import { type Atom, isNamed } from "../atom.ts";
import type { Comparison } from "../comparison.ts";
import type { Ledger } from "../ledger.ts";
import type { Names } from "../names.ts";
import { entryFor } from "./ledger-entry.ts";

export function accountAliases({ before, after, correlation }: Comparison, ledger: Ledger): void {
  const { names } = after;
  const holders = new Map<string, Atom>();
  for (const atom of after.atoms)
    for (const name of entryNames(atom, names)) holders.set(name, atom);
  const told = new Set<Atom>();
  for (const atom of before.atoms) {
    for (const name of entryNames(atom, names)) {
      const holder = holders.get(name);
      if (holder === undefined || told.has(holder)) continue;
      if (correlation.findBefore(holder) === atom || !isShared(atom, holder, names)) continue;
      told.add(holder);
      const remedy = "give what changes a new name, and let its callers use that";
      const shared = entryNames(isAlias(atom, names) ? atom : holder, names).map(
        (one) => `"${one}"`,
      );
      const reason = isAlias(atom, names)
        ? `${shared.join(" and ")} were one, and are two now`
        : `${shared.join(" and ")} were two, and are one now`;
      ledger.add(
        entryFor(holder, "both", { kind: "refused", rule: "alias", remedy }, [reason]),
        holder,
      );
    }
  }
}

/** What can be called or read from outside: names that stand for the beginning. */
function entryNames(atom: Atom, names: Names): readonly string[] {
  if (!isNamed(atom)) return [];
  return atom.symbols
    .filter(({ type, value }) => type !== "STT_NOTYPE" && Number(value) === atom.start)
    .map(({ name }) => name)
    .filter((name) => !names.isNumbered(name));
}

function isShared(before: Atom, after: Atom, names: Names): boolean {
  return before.kind === after.kind && (isAlias(before, names) || isAlias(after, names));
}

function isAlias(atom: Atom, names: Names): boolean {
  return entryNames(atom, names).length > 1;
}
