// Converts a relocatable file to a draft. What a draft cannot represent is refused, never dropped
// silently, so a converted file has the same meaning when it is written again.

import { ElfType, nameOfElfType, SectionFlag } from "./constants.ts";
import type { DraftRelocation, DraftSection, DraftSymbol, ElfDraft } from "./draft.ts";
import { sectionLabel, unsupported } from "./errors.ts";
import type { SectionTypeName } from "./names.ts";
import {
  type ElfObject,
  type ElfSymbol,
  type Section,
  type SectionIndex,
  type SymbolIndex,
  sectionIndex,
} from "./object.ts";
import { readRelocations, relocationTablesOf } from "./relocations.ts";
import { contentsOf, isTable } from "./sections.ts";
import { findSymbolTable } from "./symbol-table.ts";

/** Sections whose contents do not depend on their index or on other symbols. */
const CONTENT_TYPES: readonly SectionTypeName[] = [
  "SHT_PROGBITS",
  "SHT_NOBITS",
  "SHT_NOTE",
  "SHT_STRTAB",
  "SHT_INIT_ARRAY",
  "SHT_FINI_ARRAY",
  "SHT_PREINIT_ARRAY",
  "SHT_X86_64_UNWIND",
];

/**
 * A copy that can be edited. The section symbols of tables are dropped, and so are clang's
 * address-significance tables (a hint for linkers about symbol indices, which change).
 * @throws ElfError elf/unsupported for anything but ET_REL, for section groups, and for whatever else a
 * draft cannot represent; also the errors of reading
 */
export function draftFrom(object: ElfObject): ElfDraft {
  checkDraftable(object);
  const sections = draftSections(object);
  linkSections(object, sections);
  const symbols = draftSymbols(object, sections);
  // From here on every index of the file has a draft, or none if it is the index of a table.
  for (const target of object.sections) {
    for (const table of relocationTablesOf(object, target)) {
      addRelocations(object, { table, target }, sections, symbols);
    }
  }
  return {
    machine: object.header.machine,
    osAbi: object.header.osAbi,
    flags: object.header.flags,
    sections: [...sections.values()],
    symbols: [...symbols.values()],
  };
}

function checkDraftable(object: ElfObject): void {
  const { type, abiVersion } = object.header;
  if (type !== ElfType.ET_REL) {
    throw unsupported(
      { source: object.source },
      `Cannot make a draft of "${object.source}": it is of type ${nameOfElfType(type)}`,
      { expected: "a relocatable file, ET_REL" },
    );
  }
  if (abiVersion !== 0) {
    throw unsupported(
      { source: object.source, offset: 8 },
      `Cannot make a draft of "${object.source}": its ABI version is ${abiVersion}`,
      { expected: "0" },
    );
  }
}

function draftSections(object: ElfObject): Map<SectionIndex, DraftSection> {
  const symbolTable = findSymbolTable(object);
  const drafts = new Map<SectionIndex, DraftSection>();
  for (const section of object.sections) {
    const isNameTable =
      section === symbolTable?.stringSection || section.index === object.nameTable;
    if (isNameTable || isTable(section)) continue;
    checkContentSection(object, section);
    drafts.set(section.index, {
      name: section.name,
      type: section.type,
      flags: section.flags,
      alignment: Math.max(section.alignment, 1),
      entrySize: section.entrySize,
      content:
        section.type === "SHT_NOBITS"
          ? { sizeBytes: section.size }
          : contentsOf(object, section).slice(),
      relocations: [],
    });
  }
  return drafts;
}

function checkContentSection(object: ElfObject, section: Section): void {
  const place = { source: object.source, section };
  if (section.type === "SHT_GROUP" || (section.flags & SectionFlag.SHF_GROUP) !== 0n) {
    throw unsupported(
      place,
      `Cannot make a draft of ${sectionLabel(section)}: it belongs to a section group`,
      { remedy: "dissolve groups first: ld -r --force-group-allocation" },
    );
  }
  if (!CONTENT_TYPES.includes(section.type)) {
    const type = section.type;
    throw unsupported(
      place,
      `Cannot make a draft of ${sectionLabel(section)}: it is of type ${type}`,
      { expected: "contents that do not depend on section and symbol numbers" },
    );
  }
  const isLinked = (section.flags & SectionFlag.SHF_LINK_ORDER) !== 0n;
  if ((section.link !== 0 && !isLinked) || section.info !== 0) {
    throw unsupported(
      place,
      `Cannot make a draft of ${sectionLabel(section)}: sh_link is ${section.link} and sh_info ` +
        `is ${section.info}`,
      { expected: "0 and 0 (sh_link only with SHF_LINK_ORDER)" },
    );
  }
}

/** Follows sh_link of SHF_LINK_ORDER sections; 0 stands for "no section". */
function linkSections(object: ElfObject, drafts: ReadonlyMap<SectionIndex, DraftSection>): void {
  for (const [index, draft] of drafts) {
    const section = object.sections[index];
    if (section === undefined || section.link === 0) continue;
    const linked = drafts.get(sectionIndex(section.link));
    if (linked === undefined) {
      throw unsupported(
        { source: object.source, section },
        `Cannot make a draft of ${sectionLabel(section)}: it goes with section ${section.link}`,
        { expected: "a section with contents" },
      );
    }
    draft.linkedTo = linked;
  }
}

function draftSymbols(
  object: ElfObject,
  sections: ReadonlyMap<SectionIndex, DraftSection>,
): Map<SymbolIndex, DraftSymbol> {
  const drafts = new Map<SymbolIndex, DraftSymbol>();
  for (const symbol of object.symbols.slice(1)) {
    const place = draftPlace(symbol, sections);
    if (place === undefined && symbol.type === "STT_SECTION") continue;
    if (place === undefined) throw lostSection(object, symbol);
    const { name, value, size, binding, type, visibility } = symbol;
    drafts.set(symbol.index, { name, value, size, binding, type, visibility, place });
  }
  return drafts;
}

function draftPlace(
  symbol: ElfSymbol,
  sections: ReadonlyMap<SectionIndex, DraftSection>,
): DraftSymbol["place"] | undefined {
  return symbol.place.kind === "section" ? sections.get(symbol.place.index) : symbol.place.kind;
}

function lostSection(object: ElfObject, symbol: ElfSymbol): Error {
  return unsupported(
    { source: object.source },
    `Cannot make a draft of symbol ${symbol.index} "${symbol.name}": it lies in a table`,
    { expected: "a section with contents" },
  );
}

function addRelocations(
  object: ElfObject,
  { table: section, target }: { readonly table: Section; readonly target: Section },
  sections: ReadonlyMap<SectionIndex, DraftSection>,
  symbols: ReadonlyMap<SymbolIndex, DraftSymbol>,
): void {
  const draft = sections.get(target.index);
  if (draft === undefined) {
    throw unsupported(
      { source: object.source, section },
      `Cannot make a draft of ${sectionLabel(section)}: it relocates ${sectionLabel(target)}`,
      { expected: "relocations of a section with contents" },
    );
  }
  for (const relocation of readRelocations(object, section, target)) {
    const symbol = symbols.get(relocation.symbol);
    if (symbol === undefined) {
      throw unsupported(
        { source: object.source, section },
        `Cannot make a draft of ${sectionLabel(section)}: the relocation at ${relocation.offset} ` +
          `is against symbol ${relocation.symbol}`,
        { expected: "a symbol other than the null symbol and those of tables" },
      );
    }
    const { offset, type, addend } = relocation;
    const entry: DraftRelocation = { offset, type, symbol, addend };
    draft.relocations.push(entry);
  }
}
