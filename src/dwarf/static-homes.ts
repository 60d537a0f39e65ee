// The function in which each static variable is declared, and where in that function. The comparison
// (diff/) needs it, because compilers number such variables anew in every build, and inlining moves the
// references to them. A variable's entry has a location, and the location has a relocation against the
// variable; clang puts the address into a table of its own, and its index into the location.

import { SectionFlag } from "../elf/constants.ts";
import type { ElfObject, ElfSymbol, Relocation } from "../elf/object.ts";
import { relocationsOf } from "../elf/relocations.ts";
import { findSection } from "../elf/sections.ts";
import { countBefore } from "../sorted.ts";
import { DwarfAttribute as A, DW_OP_ADDRX, DwarfTag as T } from "./constants.ts";
import { DwarfCursor } from "./cursor.ts";
import { attributeOf, type DebugEntry } from "./entry.ts";
import { noBases } from "./forms.ts";
import { entryAt, numberOf, textOf } from "./model.ts";
import { type DebugInfo, entriesOf, readDebugInfo } from "./read.ts";

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
  const variableAt = variableFinder(info);
  const isLoaded = loadedSymbols(object);
  const add = (relocation: Relocation, entry: DebugEntry | undefined): void => {
    const symbol = object.symbols[relocation.symbol];
    if (symbol?.place.kind !== "section" || symbol.type === "STT_FUNC") return;
    if (entry?.tag !== T.DW_TAG_variable) return;
    homes.set(keyOf(symbol, relocation.addend), homeOf(info, entry));
  };
  for (const relocation of relocationsOf(object, section)) {
    // Nearly all others are offsets of texts.
    if (isLoaded(relocation)) add(relocation, variableAt(relocation.offset));
  }
  const addressOf = addressFinder(object);
  for (const entry of entriesOf(info, T.DW_TAG_variable)) {
    const relocation = addressOf(entry, info.sections.source);
    if (relocation !== undefined) add(relocation, entry);
  }
  return (symbol) => homes.get(keyOf(symbol, 0n));
}

/** The relocation of the address that a location names by its index. */
function addressFinder(
  object: ElfObject,
): (entry: DebugEntry, source: string) => Relocation | undefined {
  const section = findSection(object, ".debug_addr");
  if (section === undefined) return () => undefined;
  const byOffset = new Map(relocationsOf(object, section).map((one) => [one.offset, one]));
  return (entry, source) => {
    const location = attributeOf(entry, A.DW_AT_location);
    if (!(location instanceof Uint8Array) || location[0] !== DW_OP_ADDRX) return undefined;
    let unit = entry;
    while (unit.parent !== undefined) unit = unit.parent;
    const base = Number(numberOf(unit, A.DW_AT_addr_base) ?? noBases.addresses);
    const index = new DwarfCursor(location, source, 1).count();
    return byOffset.get(base + ADDRESS_SIZE * index);
  };
}

const ADDRESS_SIZE = 8;

function keyOf({ place, value }: ElfSymbol, addend: bigint): string {
  return place.kind === "section" ? `${place.index}+${value + addend}` : place.kind;
}

/** Whether what a relocation is against lies in memory when the object is loaded. */
function loadedSymbols(object: ElfObject): (relocation: Relocation) => boolean {
  const { symbols, sections } = object;
  const loaded = sections.map(({ flags }) => (flags & SectionFlag.SHF_ALLOC) !== 0n);
  return ({ symbol: index }) => {
    const place = symbols[index]?.place;
    return place?.kind === "section" && loaded[place.index] === true;
  };
}

/** The variable whose entry contains the byte at an offset. */
function variableFinder(info: DebugInfo): (offset: number) => DebugEntry | undefined {
  const variables = entriesOf(info, T.DW_TAG_variable);
  return (offset) => {
    const found = variables[countBefore(variables, (one) => one.offset <= offset) - 1];
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
