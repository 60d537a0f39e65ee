// Converts raw section headers to sections: looks up names, converts numbers, and checks every
// statement of the headers about the file's layout.

import { hexNumber } from "../bytes/hex.ts";
import { SectionType } from "./constants.ts";
import { ElfError, type ElfPlace, malformed, sectionLabel, truncated } from "./errors.ts";
import { nameOfSectionType } from "./names.ts";
import { type Section, sectionIndex } from "./object.ts";
import type { RawSection } from "./raw.ts";
import { nameAt } from "./strings.ts";

/** The largest accepted sh_addralign: a gigabyte, the largest page of both machines. */
const ALIGNMENT_MAX = 2 ** 30;

export interface SectionsToRead {
  readonly bytes: Uint8Array;
  readonly source: string;
  /**
   * Called for a section outside of the file, one too many for the file, or one without a name; may
   * throw it.
   */
  readonly onDamage: (error: ElfError) => void;
}

/** @throws ElfError when there are no names; also whatever `onDamage` throws */
export function readSections(
  file: SectionsToRead,
  headers: readonly RawSection[],
  nameTable: number,
): readonly Section[] {
  const { bytes, source, onDamage } = file;
  const unnamed = withoutOverlap(
    file,
    headers.map((raw, index) => readSection(file, raw, index)),
  );
  const names = nameTableContents(bytes, unnamed, nameTable, source);
  return unnamed.map((section, index) => {
    const place: ElfPlace = { source, section };
    const read = () => nameAt(names, headers[index]?.sh_name ?? 0, place);
    return withName(section, attempt(read, "", onDamage));
  });
}

/** Written out: objects have thousands of sections, and spreading takes many times as long. */
function withName(section: Section, name: string): Section {
  const { index, type, flags, address, offset, size, link, info, alignment, entrySize } = section;
  return { index, name, type, flags, address, offset, size, link, info, alignment, entrySize };
}

function attempt<Value>(
  read: () => Value,
  instead: Value,
  onDamage: SectionsToRead["onDamage"],
): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ElfError)) throw error;
    onDamage(error);
    return instead;
  }
}

/** A section with a wrong position counts as empty. */
function readSection(file: SectionsToRead, raw: RawSection, index: number): Section {
  const section = attempt(() => checkedSection(file, raw, index), undefined, file.onDamage);
  if (section !== undefined) return section;
  const harmless = { ...raw, sh_offset: 0n, sh_size: 0n, sh_addralign: 1n, sh_entsize: 0n };
  return checkedSection(file, harmless, index);
}

function checkedSection(
  { bytes, source }: SectionsToRead,
  raw: RawSection,
  index: number,
): Section {
  const place = { source, section: { index, name: "" } };
  const inFile = raw.sh_type !== SectionType.SHT_NULL && raw.sh_type !== SectionType.SHT_NOBITS;
  if (inFile && raw.sh_offset + raw.sh_size > BigInt(bytes.length)) {
    throw truncated(
      place,
      `Cannot read ${sectionLabel(place.section)}: ${hexNumber(raw.sh_size)} bytes at ` +
        `${hexNumber(raw.sh_offset)} reach past the end of the file`,
      `at most ${hexNumber(bytes.length)}, the size of the file`,
    );
  }
  const alignment = narrow(raw.sh_addralign, "sh_addralign", place);
  if (alignment > ALIGNMENT_MAX || (alignment & (alignment - 1)) !== 0) {
    throw malformed(
      place,
      `Cannot read ${sectionLabel(place.section)}: sh_addralign is ${hexNumber(alignment)}`,
      `0 or a power of two, at most ${hexNumber(ALIGNMENT_MAX)}`,
    );
  }
  return {
    index: sectionIndex(index),
    name: "",
    type: nameOfSectionType(raw.sh_type),
    flags: raw.sh_flags,
    address: raw.sh_addr,
    offset: narrow(raw.sh_offset, "sh_offset", place),
    size: narrow(raw.sh_size, "sh_size", place),
    link: raw.sh_link,
    info: raw.sh_info,
    alignment,
    entrySize: narrow(raw.sh_entsize, "sh_entsize", place),
  };
}

function narrow(value: bigint, field: string, place: Required<Omit<ElfPlace, "offset">>): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw malformed(
      place,
      `Cannot read ${sectionLabel(place.section)}: ${field} is ${hexNumber(value)}`,
      `at most ${hexNumber(Number.MAX_SAFE_INTEGER)}`,
    );
  }
  return Number(value);
}

/**
 * gABI: "Sections in a file may not overlap." Checked by the sum, which is enough here: it keeps the
 * work on all contents proportional to the file's length.
 */
function withoutOverlap(
  { bytes, source, onDamage }: SectionsToRead,
  sections: readonly Section[],
): readonly Section[] {
  const total = sections.reduce((sum, section) => sum + sizeInFile(section), 0);
  if (total <= bytes.length) return sections;
  onDamage(
    malformed(
      { source },
      `Cannot read the sections: together they have ${hexNumber(total)} bytes, so they overlap`,
      `at most ${hexNumber(bytes.length)}, the size of the file`,
    ),
  );
  // The first sections are kept, as far as the sum allows.
  let rest = bytes.length;
  return sections.map((section) => {
    const size = sizeInFile(section);
    if (size > rest) return { ...section, size: 0 };
    rest -= size;
    return section;
  });
}

function sizeInFile(section: Section): number {
  const none = section.type === "SHT_NULL" || section.type === "SHT_NOBITS";
  return none ? 0 : section.size;
}

function nameTableContents(
  bytes: Uint8Array,
  sections: readonly Section[],
  index: number,
  source: string,
): Uint8Array {
  if (sections.length === 0 || index === 0) return new Uint8Array(1);
  const table = sections[index];
  if (table === undefined || table.type !== "SHT_STRTAB") {
    const found = table === undefined ? "which does not exist" : table.type;
    throw malformed(
      { source, offset: 62 },
      `Cannot read the section names: e_shstrndx is ${index}, ${found}`,
      "the index of a section of type SHT_STRTAB",
    );
  }
  return bytes.subarray(table.offset, table.offset + table.size);
}
