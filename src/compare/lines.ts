// Which constants of a function are line numbers that moved: for source files that could not be made
// line-neutral (line-neutral.ts). A line counts only when it lies in the function itself or in one
// that was inlined into it, so that a constant which the fix changes is not taken for one by chance.

import { posix } from "node:path";
import type { IsSameLine } from "../diff/line-rule.ts";
import { DwarfAttribute as A, DwarfTag as T } from "../dwarf/constants.ts";
import { type DebugEntry, hasAttribute } from "../dwarf/entry.ts";
import { entryAt, findTypes, numberOf, type TypeModel, textOf } from "../dwarf/model.ts";
import { nameInSource } from "../dwarf/name-in-source.ts";
import type { ElfObject } from "../elf/object.ts";
import type { ChangedTexts } from "../pairs/prepared-pairs.ts";
import { type LineRegion, oldLineOf } from "../source-patch/line-regions.ts";

/** Undefined when no line has moved in what the object was compiled from. */
export function lineRuleFor(
  before: ElfObject,
  dependencies: readonly string[],
  lines: ChangedTexts["lines"],
): IsSameLine | undefined {
  const moved = new Map<string, readonly LineRegion[]>();
  for (const file of dependencies) {
    const treatment = lines[file];
    if (treatment?.kind === "plain") moved.set(file, treatment.regions);
  }
  const model = moved.size === 0 ? undefined : findTypes(before);
  if (model === undefined) return undefined;
  const functions = functionLines(model, moved);
  return (line, lineAfter, name) => {
    const bare = nameInSource(name);
    return (functions.get(bare) ?? []).some(({ file, first, end }) => {
      const inside = first <= line && line < end;
      return inside && oldLineOf(moved.get(file) ?? [], lineAfter) === line;
    });
  };
}

interface FunctionLines {
  readonly file: string;
  readonly first: number;
  /** Where the next function begins. */
  readonly end: number;
}

/** By the name of each function: its lines, and those of what was inlined into it. */
function functionLines(
  model: TypeModel,
  files: ReadonlyMap<string, unknown>,
): ReadonlyMap<string, readonly FunctionLines[]> {
  const own = new Map<DebugEntry, FunctionLines>();
  const starts = new Map<string, Map<number, DebugEntry>>();
  for (const entry of model.info.byOffset.values()) {
    if (entry.tag !== T.DW_TAG_subprogram || hasAttribute(entry, A.DW_AT_declaration)) continue;
    const told = model.fileOf(entry);
    const file = told === undefined ? undefined : posix.normalize(told);
    const line = numberOf(entry, A.DW_AT_decl_line);
    if (file === undefined || line === undefined || !files.has(file)) continue;
    const inFile = starts.get(file) ?? new Map<number, DebugEntry>();
    starts.set(file, inFile.set(Number(line), entry));
  }
  for (const [file, inFile] of starts) {
    const sorted = [...inFile].sort(([left], [right]) => left - right);
    for (const [index, [first, entry]] of sorted.entries()) {
      const end = sorted[index + 1]?.[0] ?? Number.POSITIVE_INFINITY;
      own.set(entry, { file, first, end });
    }
  }
  const found = new Map<string, FunctionLines[]>();
  const add = (name: string | undefined, lines: FunctionLines | undefined): void => {
    if (name === undefined || lines === undefined) return;
    found.set(name, [...(found.get(name) ?? []), lines]);
  };
  for (const [entry, lines] of own) add(textOf(entry, A.DW_AT_name), lines);
  for (const entry of model.info.byOffset.values()) {
    if (entry.tag !== T.DW_TAG_inlined_subroutine) continue;
    const inlined = entryAt(model.info, entry, A.DW_AT_abstract_origin);
    add(nameOfHolder(model, entry), inlined === undefined ? undefined : own.get(inlined));
  }
  return found;
}

function nameOfHolder(model: TypeModel, entry: DebugEntry): string | undefined {
  let holder = entry.parent;
  while (holder !== undefined && holder.tag !== T.DW_TAG_subprogram) holder = holder.parent;
  if (holder === undefined) return undefined;
  const origin = entryAt(model.info, holder, A.DW_AT_abstract_origin);
  return textOf(holder, A.DW_AT_name) ?? (origin && textOf(origin, A.DW_AT_name));
}
