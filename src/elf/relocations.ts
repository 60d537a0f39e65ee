// The relocations of a relocatable file: those of SHT_RELA, the only kind that both machines use.

import { ByteReader } from "../bytes/byte-reader.ts";
import { hexNumber } from "../bytes/hex.ts";
import { ElfType, nameOfElfType } from "./constants.ts";
import { type ElfError, malformed, sectionLabel, unsupported } from "./errors.ts";
import { type ElfObject, type Relocation, type Section, symbolIndex } from "./object.ts";
import { RELA_SIZE, readRawRelocation, SYM_SIZE } from "./raw.ts";
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
  const tables = relocationTablesOf(object, section);
  return tables.flatMap((table) => readRelocations(object, table, section));
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
  const count = entryCount(object, section, RELA_SIZE);
  const symbols = linkedSection(object, section, "SHT_SYMTAB");
  const symbolCount = entryCount(object, symbols, SYM_SIZE);
  const reader = new ByteReader(contentsOf(object, section), object.source);
  return Array.from({ length: count }, (_, index) => {
    const raw = readRawRelocation(reader);
    const place = { source: object.source, section, offset: section.offset + index * RELA_SIZE };
    if (raw.r_offset > BigInt(target.size)) {
      throw malformed(
        place,
        `Cannot read relocation ${index} of ${sectionLabel(section)}: it is for offset ` +
          hexNumber(raw.r_offset),
        `at most ${hexNumber(target.size)}, the size of ${sectionLabel(target)}`,
      );
    }
    if (raw.r_sym >= symbolCount) {
      throw malformed(
        place,
        `Cannot read relocation ${index} of ${sectionLabel(section)}: it is against symbol ` +
          `${raw.r_sym}`,
        `a symbol below ${symbolCount}`,
      );
    }
    return {
      offset: Number(raw.r_offset),
      type: raw.r_type,
      symbol: symbolIndex(raw.r_sym),
      addend: raw.r_addend,
    };
  });
}
