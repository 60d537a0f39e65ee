// Finds and checks the parts of the static symbol table (SHT_SYMTAB, its string table, and the extended
// section indices of very large files), without reading the symbols.

import { malformed, sectionLabel } from "./errors.ts";
import type { SectionTypeName } from "./names.ts";
import { type ElfObject, type Section, sectionIndex } from "./object.ts";
import { SYM_SIZE } from "./raw.ts";
import { contentsOf } from "./sections.ts";

export interface SymbolTable {
  readonly section: Section;
  readonly bytes: Uint8Array;
  /** With the null symbol. */
  readonly count: number;
  readonly strings: Uint8Array;
  readonly stringSection: Section;
  /** The section number of a symbol whose st_shndx is SHN_XINDEX; 0 when the file has none. */
  readonly extendedIndex: (symbol: number) => number;
}

/** @throws ElfError elf/malformed when there are two, or their parts are inconsistent */
export function findSymbolTable(object: ElfObject): SymbolTable | undefined {
  const [section, second] = sectionsOfType(object, "SHT_SYMTAB");
  if (section === undefined) return undefined;
  if (second !== undefined) {
    throw malformed(
      { source: object.source, section: second },
      `Cannot read the symbols: ${sectionLabel(section)} and ${sectionLabel(second)} both hold some`,
      "one section of type SHT_SYMTAB",
    );
  }
  const count = entryCount(object, section, SYM_SIZE);
  const stringSection = linkedSection(object, section, "SHT_STRTAB");
  return {
    section,
    bytes: contentsOf(object, section),
    count,
    strings: contentsOf(object, stringSection),
    stringSection,
    extendedIndex: extendedIndices(object, section, count),
  };
}

/** The number of entries of `entrySize` bytes in a table section. @throws ElfError elf/malformed */
export function entryCount(object: ElfObject, section: Section, entrySize: number): number {
  if (section.entrySize !== entrySize || section.size % entrySize !== 0) {
    throw malformed(
      { source: object.source, section, offset: section.offset },
      `Cannot read ${sectionLabel(section)}: ${section.size} bytes in entries of ` +
        `${section.entrySize}`,
      `entries of ${entrySize} bytes without a remainder`,
    );
  }
  return section.size / entrySize;
}

/** The section of type `type` that sh_link names. @throws ElfError elf/malformed */
export function linkedSection(object: ElfObject, section: Section, type: SectionTypeName): Section {
  const linked = object.sections[sectionIndex(section.link)];
  if (linked !== undefined && linked.type === type) return linked;
  const found = linked === undefined ? "which does not exist" : linked.type;
  throw malformed(
    { source: object.source, section },
    `Cannot read ${sectionLabel(section)}: sh_link is ${section.link}, ${found}`,
    `the index of a section of type ${type}`,
  );
}

function extendedIndices(
  object: ElfObject,
  symbols: Section,
  count: number,
): (symbol: number) => number {
  const section = sectionsOfType(object, "SHT_SYMTAB_SHNDX").find(
    (candidate) => candidate.link === symbols.index,
  );
  if (section === undefined) return () => 0;
  if (section.size !== count * 4) {
    throw malformed(
      { source: object.source, section },
      `Cannot read ${sectionLabel(section)}: ${section.size} bytes for ${count} symbols`,
      `${count * 4} bytes, four for each symbol`,
    );
  }
  const { buffer, byteOffset, length } = contentsOf(object, section);
  const view = new DataView(buffer, byteOffset, length);
  return (symbol) => view.getUint32(symbol * 4, true);
}

function sectionsOfType(object: ElfObject, type: SectionTypeName): Section[] {
  return object.sections.filter((section) => section.type === type);
}
