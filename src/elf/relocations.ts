// The relocations of a relocatable file: those of SHT_RELA, the only kind that both machines use.

import { ByteReader } from "../bytes/byte-reader.ts";
import { hexNumber } from "../bytes/hex.ts";
import { ElfType, nameOfElfType, SectionType } from "./constants.ts";
import { malformed, sectionLabel, unsupported } from "./errors.ts";
import type { ElfObject, Relocation, Section, SymbolIndex } from "./object.ts";
import { RELA_SIZE, readRawRelocation, SYM_SIZE } from "./raw.ts";
import { contentsOf } from "./sections.ts";
import { entryCount, linkedSection } from "./symbol-table.ts";

/**
 * What is to be relocated in `section`, in file order; empty when nothing is.
 * @throws ElfError elf/unsupported for anything but ET_REL and SHT_RELA, elf/malformed when an
 * entry lies outside of the section or names a symbol that does not exist
 */
export function relocationsOf(object: ElfObject, section: Section): readonly Relocation[] {
  if (object.header.type !== ElfType.ET_REL) {
    throw unsupported(
      { source: object.source, section },
      `Cannot read relocations of ${nameOfElfType(object.header.type)}: they are of another kind`,
      { expected: "a relocatable file, ET_REL" },
    );
  }
  return object.sections
    .filter((candidate) => relocatedSection(object, candidate) === section)
    .flatMap((candidate) => readRelocations(object, candidate, section));
}

/**
 * The section that a relocation section is about, undefined for sections of other types.
 * @throws ElfError elf/malformed when it does not exist, elf/unsupported for SHT_REL
 */
export function relocatedSection(object: ElfObject, section: Section): Section | undefined {
  if (section.type === SectionType.SHT_REL) {
    throw unsupported(
      { source: object.source, section },
      `Cannot read ${sectionLabel(section)}: it is of type SHT_REL`,
      { expected: "SHT_RELA, relocations with addends" },
    );
  }
  if (section.type !== SectionType.SHT_RELA) return undefined;
  const target = object.sections[section.info];
  if (target !== undefined && section.info !== 0) return target;
  throw malformed(
    { source: object.source, section },
    `Cannot read ${sectionLabel(section)}: sh_info is ${section.info}`,
    `a section between 1 and ${object.sections.length - 1}`,
  );
}

/** The entries of one SHT_RELA section, which is about `target`. */
export function readRelocations(
  object: ElfObject,
  section: Section,
  target: Section,
): readonly Relocation[] {
  const count = entryCount(object, section, RELA_SIZE);
  const symbols = linkedSection(object, section, SectionType.SHT_SYMTAB);
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
      symbol: raw.r_sym as SymbolIndex,
      addend: raw.r_addend,
    };
  });
}
