// What has one name in both objects, the compiler's numbers left out: where correlate.ts begins, and what
// numbered.ts gets of it that is left open.

import type { ElfSymbol } from "../../elf/object.ts";
import { type Atom, isNamed, type SplitObject } from "../atom.ts";

/** Named atoms of both sides that have the same name, numbers left out. */
export interface NameGroup {
  readonly before: Atom[];
  readonly after: Atom[];
}

export function groupByName(
  before: SplitObject,
  after: SplitObject,
): ReadonlyMap<string, NameGroup> {
  const groups = new Map<string, NameGroup>();
  for (const [side, split] of [
    ["before", before],
    ["after", after],
  ] as const) {
    const fileOf = filesOfLocals(split);
    for (const atom of split.atoms) {
      const symbol = atom.symbols[0];
      if (!isNamed(atom) || symbol === undefined) continue;
      const file = symbol.binding === "STB_LOCAL" ? `${fileOf(symbol)}#` : "";
      const key = `${atom.kind}:${file}${split.names.generic(symbol.name)}`;
      const group = groups.get(key) ?? { before: [], after: [] };
      group[side].push(atom);
      groups.set(key, group);
    }
  }
  return groups;
}

/** Objects that were linked from several have local symbols of the same name: their files differ. */
function filesOfLocals({ object }: SplitObject): (symbol: ElfSymbol) => string {
  const files = object.symbols.filter(({ type }) => type === "STT_FILE");
  if (files.length < 2) return () => "";
  return ({ index }) => files.findLast((file) => file.index < index)?.name ?? "";
}
