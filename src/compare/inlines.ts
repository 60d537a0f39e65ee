// Which functions that the patch changed were inlined into another one: the reason why a function
// gets a new body though nobody touched its text. Debug information of the object before says where
// functions stand and what was inlined, the patch says which lines it changed.

import { DwarfAttribute as A, DwarfTag as T } from "../dwarf/constants.ts";
import { entryAt, findTypes, numberOf, type TypeModel, textOf } from "../dwarf/model.ts";
import { type DebugEntry, hasAttribute } from "../dwarf/read.ts";
import type { ElfObject } from "../elf/object.ts";
import type { LineRegion } from "../source-patch/line-regions.ts";

/** By path below `xen/`, which lines of a file the patch changed. */
export type ChangedLines = Readonly<
  Record<string, { readonly regions: readonly LineRegion[] } | undefined>
>;

/** For a function of the object, under the name of its symbol. Reads nothing before it is asked. */
export function changedInlinesOf(
  object: ElfObject,
  lines: ChangedLines,
): (name: string) => readonly string[] {
  let known: ReadonlyMap<string, ReadonlySet<string>> | undefined;
  return (name) => {
    known ??= findChangedInlines(object, lines);
    const bare = name.replace(/\.(constprop|isra|part|cold).*$/, "");
    return [...(known.get(bare) ?? [])].sort();
  };
}

/**
 * Names of functions of the object in whose text, or in the text of something inlined into them, the
 * lines changed.
 */
export function functionsTouchedBy(object: ElfObject, lines: ChangedLines): ReadonlySet<string> {
  const model = findTypes(object);
  const own = model === undefined ? [] : changedFunctions(model, lines).values();
  return new Set([...own, ...findChangedInlines(object, lines).keys()]);
}

function findChangedInlines(
  object: ElfObject,
  lines: ChangedLines,
): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  const model = findTypes(object);
  if (model === undefined) return found;
  const changed = changedFunctions(model, lines);
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

/** By their entries, the names of the functions in whose text the patch changed something. */
function changedFunctions(model: TypeModel, lines: ChangedLines): ReadonlyMap<DebugEntry, string> {
  const changed = new Map<DebugEntry, string>();
  for (const [file, entries] of functionsByFile(model)) {
    const regions = lines[file]?.regions ?? [];
    const sorted = [...entries].sort((left, right) => left.first - right.first);
    for (const [index, { entry, name, first }] of sorted.entries()) {
      const extent: Extent = {
        first,
        lastKnown: lastKnownLine(entry, first),
        end: sorted[index + 1]?.first ?? Number.POSITIVE_INFINITY,
      };
      if (regions.some((region) => touches(region, extent))) changed.set(entry, name);
    }
  }
  return changed;
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

interface Extent {
  readonly first: number;
  /** The last line that some variable or call mentions; where a function ends is not written down. */
  readonly lastKnown: number;
  /** Where the next function of the file begins. */
  readonly end: number;
}

function touches({ oldStart, oldCount }: LineRegion, { first, lastKnown, end }: Extent): boolean {
  // What is put in after the last line that we know of is more likely a new function.
  if (oldCount === 0) return first < oldStart && oldStart <= lastKnown + 1;
  return oldStart < end && first < oldStart + oldCount;
}

function lastKnownLine(entry: DebugEntry, first: number): number {
  const lines = entry.children.map((child) => {
    const own = numberOf(child, A.DW_AT_call_line) ?? numberOf(child, A.DW_AT_decl_line);
    const isInlined = child.tag === T.DW_TAG_inlined_subroutine;
    return Math.max(Number(own ?? 0n), isInlined ? 0 : lastKnownLine(child, 0));
  });
  return Math.max(first, ...lines);
}

/** The function that an entry lies in, by name. */
export function holderOf(model: TypeModel, entry: DebugEntry): string | undefined {
  let holder = entry.parent;
  while (holder !== undefined && holder.tag !== T.DW_TAG_subprogram) holder = holder.parent;
  if (holder === undefined) return undefined;
  return textOf(entryAt(model.info, holder, A.DW_AT_abstract_origin) ?? holder, A.DW_AT_name);
}
