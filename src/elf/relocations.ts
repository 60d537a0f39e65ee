// The relocations of a relocatable file: those of SHT_RELA, the only kind that both machines use.

import { hexNumber } from "../bytes/hex.ts";
import { ElfType, nameOfElfType } from "./constants.ts";
import { type ElfError, type ElfPlace, malformed, sectionLabel, unsupported } from "./errors.ts";
import { type ElfObject, type Relocation, type Section, symbolIndex } from "./object.ts";
import { eachRawRelocation, RELA_SIZE, SYM_SIZE } from "./raw.ts";
import { contentsOf } from "./sections.ts";
import { entryCount, linkedSection } from "./symbol-table.ts";

/**
 * The relocations of `section`, in file order; empty when there are none.
 * @throws ElfError elf/unsupported for anything but ET_REL and SHT_RELA, elf/malformed when an entry is
 * outside of the section or names a symbol that does not exist
 */
export function relocationsOf(object: ElfObject, section: Section): readonly Relocation[] {
  if (object.header.type !== ElfType.ET_REL) {
    throw unsupported(
      { source: object.source, section },
      `Cannot read relocations of ${nameOfElfType(object.header.type)}: they are of another kind`,
      { expected: "a relocatable file, ET_REL" },
    );
  }
  const [first, ...others] = relocationTablesOf(object, section);
  if (first === undefined) return [];
  const found = readRelocations(object, first, section);
  if (others.length === 0) return found;
  return [...found, ...others.flatMap((table) => readRelocations(object, table, section))];
}

/**
 * The sections that hold the relocations of `section`.
 * @throws ElfError when a relocation section of the file is unreadable: elf/malformed when it relocates
 * a section that does not exist, elf/unsupported for SHT_REL
 */
export function relocationTablesOf(object: ElfObject, section: Section): readonly Section[] {
  const { bySection, unreadable } = object.relocationTables;
  const [damaged] = unreadable;
  if (damaged !== undefined) throw unreadableTable(object, damaged);
  return bySection.get(section.index) ?? [];
}

function unreadableTable({ source, sections }: ElfObject, section: Section): ElfError {
  if (section.type === "SHT_REL") {
    return unsupported(
      { source, section },
      `Cannot read ${sectionLabel(section)}: it is of type SHT_REL`,
      { expected: "SHT_RELA, relocations with addends" },
    );
  }
  return malformed(
    { source, section },
    `Cannot read ${sectionLabel(section)}: sh_info is ${section.info}`,
    `a section between 1 and ${sections.length - 1}`,
  );
}

/** The entries of one SHT_RELA section, which relocates `target`. */
export function readRelocations(
  object: ElfObject,
  section: Section,
  target: Section,
): readonly Relocation[] {
  entryCount(object, section, RELA_SIZE);
  const symbols = linkedSection(object, section, "SHT_SYMTAB");
  const symbolCount = entryCount(object, symbols, SYM_SIZE);
  const placeOf = (index: number): ElfPlace => {
    return { source: object.source, section, offset: section.offset + index * RELA_SIZE };
  };
  const found: Relocation[] = [];
  eachRawRelocation(contentsOf(object, section), (offset, type, symbol, addend) => {
    if (offset > target.size) {
      throw malformed(
        placeOf(found.length),
        `Cannot read relocation ${found.length} of ${sectionLabel(section)}: it is for offset ` +
          hexNumber(offset),
        `at most ${hexNumber(target.size)}, the size of ${sectionLabel(target)}`,
      );
    }
    if (symbol >= symbolCount) {
      throw malformed(
        placeOf(found.length),
        `Cannot read relocation ${found.length} of ${sectionLabel(section)}: it is against ` +
          `symbol ${symbol}`,
        `a symbol below ${symbolCount}`,
      );
    }
    found.push({ offset, type, symbol: symbolIndex(symbol), addend });
  });
  return found;
}
