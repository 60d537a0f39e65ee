// The function in which each static variable is declared, and where in that function. The comparison
// (diff/) needs it, because compilers number such variables anew in every build, and inlining moves the
// references to them. A variable's entry has a location, and the location has a relocation against the
// variable.

import type { ElfObject, ElfSymbol } from "../elf/object.ts";
import { relocationsOf } from "../elf/relocations.ts";
import { findSection } from "../elf/sections.ts";
import { countBefore } from "../sorted.ts";
import { DwarfAttribute as A, DwarfTag as T } from "./constants.ts";
import { entryAt, numberOf, textOf } from "./model.ts";
import { type DebugEntry, type DebugInfo, readDebugInfo } from "./read.ts";

export interface StaticHome {
  readonly functionName: string;
  /** Increases from declaration to declaration, in the order of the function's blocks. */
  readonly order: number;
  readonly line: number | undefined;
}

/** If an object has no debug information, nothing is known. @throws DwarfError, ElfError */
export function findStaticHomes(object: ElfObject): (symbol: ElfSymbol) => StaticHome | undefined {
  const section = findSection(object, ".debug_info");
  const info = section === undefined ? undefined : readDebugInfo(object);
  const homes = new Map<string, StaticHome | undefined>();
  if (section === undefined || info === undefined) return () => undefined;
  const entryOf = entryFinder(info);
  for (const { offset, symbol: index, addend } of relocationsOf(object, section)) {
    const symbol = object.symbols[index];
    if (symbol?.place.kind !== "section" || symbol.type === "STT_FUNC") continue;
    const entry = entryOf(offset);
    if (entry?.tag !== T.DW_TAG_variable) continue;
    homes.set(keyOf(symbol, addend), homeOf(info, entry));
  }
  return (symbol) => homes.get(keyOf(symbol, 0n));
}

function keyOf({ place, value }: ElfSymbol, addend: bigint): string {
  return place.kind === "section" ? `${place.index}+${value + addend}` : place.kind;
}

/** The entry that contains the byte at an offset; none for calls and blocks. */
function entryFinder({ byOffset }: DebugInfo): (offset: number) => DebugEntry | undefined {
  const offsets = [...byOffset.keys()].sort((left, right) => left - right);
  return (offset) => {
    const nearest = offsets[countBefore(offsets, (start) => start <= offset) - 1];
    const found = byOffset.get(nearest ?? -1);
    return found !== undefined && offset < found.end ? found : undefined;
  };
}

/** The function in whose source the variable is declared, also where that function was inlined. */
function homeOf(info: DebugInfo, entry: DebugEntry): StaticHome | undefined {
  const declaration = entryAt(info, entry, A.DW_AT_abstract_origin) ?? entry;
  const home = findFunction(declaration);
  if (home === undefined) return undefined;
  const functionName = textOf(entryAt(info, home, A.DW_AT_abstract_origin) ?? home, A.DW_AT_name);
  if (functionName === undefined) return undefined;
  const line = numberOf(declaration, A.DW_AT_decl_line);
  // Compilers write the declarations of a block in their order, and the entries of a block before those
  // of the next.
  return {
    functionName,
    order: declaration.offset,
    line: line === undefined ? line : Number(line),
  };
}

function findFunction(entry: DebugEntry): DebugEntry | undefined {
  let found = entry.parent;
  while (
    found !== undefined &&
    found.tag !== T.DW_TAG_subprogram &&
    found.tag !== T.DW_TAG_inlined_subroutine
  ) {
    found = found.parent;
  }
  return found;
}
