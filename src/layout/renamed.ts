// Types that a fix renames, and constants in an enum without a name: a comparison by name would not
// find their counterparts.

import { posix } from "node:path";
import { DwarfAttribute as A, DwarfTag as T } from "../dwarf/constants.ts";
import type { DebugEntry } from "../dwarf/entry.ts";
import { childrenOf, keywordOf, numberOf, type TypeModel, textOf } from "../dwarf/model.ts";
import { entriesOf } from "../dwarf/read.ts";
import { type Layout, layoutOf, textOfPart } from "./describe.ts";
import type { PartChange } from "./layout-change.ts";
import { representationOf } from "./representation.ts";

/**
 * Types that are gone while another one of their kind is new, which may read what was laid out as the
 * old one; not when it has the same layout under another name. Debug information tells only of types
 * that are used, so those of files that the patch leaves alone do not count as gone.
 */
export function replacedTypes(
  old: TypeModel,
  fixed: TypeModel,
  isChangedFile: (path: string) => boolean,
): ReadonlyMap<string, readonly PartChange[]> {
  const found = new Map<string, readonly PartChange[]>();
  const arrived = [...fixed.types].filter(([name]) => !old.types.has(name));
  if (arrived.length === 0) return found;
  for (const [name, type] of old.types) {
    if (fixed.types.has(name) || isEnum(type)) continue;
    const file = old.fileOf(type);
    if (file === undefined || !isChangedFile(posix.normalize(file))) continue;
    const rivals = arrived.filter(([, other]) => keywordOf(other) === keywordOf(type));
    const layout = layoutOf(old, type);
    const isRenamed = rivals.some(
      ([newName, other]) =>
        isSameLayout(layout, name, layoutOf(fixed, other), newName) ||
        representationOf(old, type) === representationOf(fixed, other),
    );
    if (rivals.length === 0 || isRenamed) continue;
    const names = rivals.map(([newName]) => newName).join(", ");
    found.set(name, [{ part: undefined, text: `it is gone, and ${names} is new`, kind: "own" }]);
  }
  return found;
}

function isSameLayout(old: Layout, oldName: string, fixed: Layout, newName: string): boolean {
  const renamed = [...old.parts].map(([name, part]) => [
    name,
    textOfPart(part).replaceAll(oldName, newName),
  ]);
  const parts = [...fixed.parts].map(([name, part]) => [name, textOfPart(part)]);
  return old.size === fixed.size && JSON.stringify(renamed) === JSON.stringify(parts);
}

/** For enums without a name: constants with another value, by their names. */
export function changedConstants(
  old: TypeModel,
  fixed: TypeModel,
): ReadonlyMap<string, readonly PartChange[]> {
  const found = new Map<string, readonly PartChange[]>();
  const values = new Map([...namelessEnums(fixed)].flatMap(enumeratorsOf));
  for (const type of namelessEnums(old)) {
    const label = old.nameOf(type);
    const constants = enumeratorsOf(type);
    // If it is not used, the whole enum is omitted.
    if (label === undefined || fixed.types.has(label)) continue;
    if (!constants.some(([name]) => values.has(name))) continue;
    const changes = constants.flatMap(([part, was]): PartChange[] => {
      const is = values.get(part);
      if (is === was) return [];
      return [{ part, text: `"${part}" is ${was} → ${is ?? "gone"}`, kind: "own" }];
    });
    if (changes.length > 0) found.set(label, changes);
  }
  return found;
}

function namelessEnums({ info }: TypeModel): readonly DebugEntry[] {
  return entriesOf(info, T.DW_TAG_enumeration_type).filter(
    (entry) => textOf(entry, A.DW_AT_name) === undefined,
  );
}

function isEnum({ tag }: DebugEntry): boolean {
  return tag === T.DW_TAG_enumeration_type;
}

function enumeratorsOf(type: DebugEntry): [name: string, value: bigint][] {
  return childrenOf(type, T.DW_TAG_enumerator).map((constant) => [
    textOf(constant, A.DW_AT_name) ?? "",
    numberOf(constant, A.DW_AT_const_value) ?? 0n,
  ]);
}
