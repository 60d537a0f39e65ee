// Which functions that the patch changed were inlined into another one: the reason why a function
// gets a new body though nobody touched its text. Debug information of the object before says where
// functions stand and what was inlined, the patch says which lines it changed.

import { DwarfAttribute as A, DwarfTag as T } from "../dwarf/constants.ts";
import { type DebugEntry, hasAttribute } from "../dwarf/entry.ts";
import { entryAt, findTypes, numberOf, type TypeModel, textOf } from "../dwarf/model.ts";
import { nameInSource } from "../dwarf/name-in-source.ts";
import type { ElfObject } from "../elf/object.ts";
import type { PatchedFile } from "../source-patch/apply-patch.ts";
import { changesOfFile } from "../source-patch/changed-functions.ts";

/** Of each changed file that the patch reads with certainty, by its path below `xen/`. */
export type ChangedFunctions = ReadonlyMap<string, ReadonlySet<string>>;

/** Names of functions of each text before, by their own text or by macros of any of the files. */
export function changedFunctionsOf(texts: ReadonlyMap<string, PatchedFile>): ChangedFunctions {
  const files = [...texts].flatMap(([path, { before, after }]) => {
    const isText = /\.[ch]$/.test(path) && before !== undefined && after !== undefined;
    const changes = isText ? changesOfFile(before, after) : undefined;
    return changes === undefined ? [] : [{ path, changes }];
  });
  const macros = new Set(files.flatMap(({ changes }) => [...changes.macros]));
  return new Map(
    files.map(({ path, changes }) => [
      path,
      new Set([...changes.functions, ...changes.usersOf(macros)]),
    ]),
  );
}

/** For a function of the object, under the name of its symbol. Nothing is read before the first call. */
export function changedInlinesOf(
  object: ElfObject,
  changed: () => ChangedFunctions,
): (name: string) => readonly string[] {
  let known: ReadonlyMap<string, ReadonlySet<string>> | undefined;
  return (name) => {
    known ??= findChangedInlines(object, changed());
    return [...(known.get(nameInSource(name)) ?? [])].sort();
  };
}

/**
 * Whether the text of a function of the object, or of something inlined into it, changed; by the name of
 * its symbol.
 */
export function functionsTouchedBy(
  object: ElfObject,
  changed: ChangedFunctions,
): (name: string) => boolean {
  const model = findTypes(object);
  const own = model === undefined ? [] : changedEntries(model, changed).values();
  const touched = new Set([...own, ...findChangedInlines(object, changed).keys()]);
  return (name) => touched.has(nameInSource(name));
}

function findChangedInlines(
  object: ElfObject,
  functions: ChangedFunctions,
): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  const model = findTypes(object);
  if (model === undefined) return found;
  const changed = changedEntries(model, functions);
  for (const entry of model.info.byOffset.values()) {
    if (entry.tag !== T.DW_TAG_inlined_subroutine) continue;
    const origin = entryAt(model.info, entry, A.DW_AT_abstract_origin);
    const inlined = origin === undefined ? undefined : changed.get(origin);
    const holder = holderOf(model, entry);
    if (inlined === undefined || holder === undefined) continue;
    found.set(holder, (found.get(holder) ?? new Set()).add(inlined));
  }
  return found;
}

/** By their entries, the names of the functions that the patch changed. */
function changedEntries(
  model: TypeModel,
  changed: ChangedFunctions,
): ReadonlyMap<DebugEntry, string> {
  const found = new Map<DebugEntry, string>();
  for (const [file, entries] of functionsByFile(model)) {
    for (const { entry, name } of entries) {
      if (changed.get(file)?.has(name) === true) found.set(entry, name);
    }
  }
  return found;
}

interface FunctionEntry {
  readonly entry: DebugEntry;
  readonly name: string;
  readonly first: number;
}

/** By path below `xen/`. */
export function functionsByFile(model: TypeModel): ReadonlyMap<string, readonly FunctionEntry[]> {
  const found = new Map<string, FunctionEntry[]>();
  for (const entry of model.info.byOffset.values()) {
    if (entry.tag !== T.DW_TAG_subprogram || hasAttribute(entry, A.DW_AT_declaration)) continue;
    const file = model.fileOf(entry)?.replace(/^(\.\/)+/, "");
    const [name, first] = [textOf(entry, A.DW_AT_name), numberOf(entry, A.DW_AT_decl_line)];
    if (file === undefined || name === undefined || first === undefined) continue;
    found.set(file, [...(found.get(file) ?? []), { entry, name, first: Number(first) }]);
  }
  return found;
}

/** The name of the function that contains an entry. */
export function holderOf(model: TypeModel, entry: DebugEntry): string | undefined {
  let holder = entry.parent;
  while (holder !== undefined && holder.tag !== T.DW_TAG_subprogram) holder = holder.parent;
  if (holder === undefined) return undefined;
  return textOf(entryAt(model.info, holder, A.DW_AT_abstract_origin) ?? holder, A.DW_AT_name);
}
