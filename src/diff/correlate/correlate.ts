// First passes of the comparison: pairing. Unique names decide. Where the compiler numbered them
// (numbered.ts) or a name is ambiguous, only evidence decides: the same instruction of the same
// function refers to both.

import { type Atom, isNamed, type SplitObject } from "../atom.ts";
import type { Names } from "../names.ts";
import { Correlation } from "./correlation.ts";
import { homesFor, type PairingPurpose } from "./homes.ts";
import { groupByName, type NameGroup } from "./name-group.ts";
import { correlateNumbered } from "./numbered.ts";

/** The places of declarations are only read when names leave a question open. */
export function correlate(
  before: SplitObject,
  after: SplitObject,
  purpose: PairingPurpose,
): Correlation {
  const correlation = new Correlation();
  const groups = groupByName(before, after);
  for (const group of groups.values()) pairWhenUnique(group, correlation, after.names);
  pairAliases(before, after, correlation);
  // From here every name that is unique on both sides has its pair.
  correlateNumbered(
    [...groups.values()].map((group) => unpaired(group, correlation)),
    { correlation, homes: homesFor({ before, after }, purpose), before, after },
  );
  return correlation;
}

function pairWhenUnique(group: NameGroup, correlation: Correlation, names: Names): void {
  const [before, after] = [group.before[0], group.after[0]];
  if (before === undefined || after === undefined) return;
  if (group.before.length > 1 || group.after.length > 1 || names.isNumbered(after.name)) return;
  correlation.pair(before, after);
}

/** What became static, stopped being it, or changed its main name among several. */
function pairAliases(before: SplitObject, after: SplitObject, correlation: Correlation): void {
  const byName = new Map<string, Atom[]>();
  for (const atom of before.atoms) {
    if (!isNamed(atom) || correlation.isPaired(atom)) continue;
    for (const { name } of atom.symbols) byName.set(name, [...(byName.get(name) ?? []), atom]);
  }
  for (const atom of after.atoms) {
    if (!isNamed(atom) || correlation.isPaired(atom)) continue;
    const found = atom.symbols.flatMap(({ name }) =>
      after.names.isNumbered(name) ? [] : (byName.get(name) ?? []),
    );
    const candidates = [...new Set(found)].filter(({ kind }) => kind === atom.kind);
    const [only] = candidates;
    if (only !== undefined && candidates.length === 1 && !correlation.isPaired(only)) {
      correlation.pair(only, atom);
    }
  }
}

function unpaired(group: NameGroup, correlation: Correlation): NameGroup {
  const isFree = (atom: Atom): boolean => !correlation.isPaired(atom);
  return { before: group.before.filter(isFree), after: group.after.filter(isFree) };
}
