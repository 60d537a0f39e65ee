// A payload's file as Xen's loader sees it before anything is placed: checks of the ELF header, the
// section headers, names and symbols, in its order: ABI reference §2.2 - §2.4.

import { ByteReader } from "../../bytes/byte-reader.ts";
import { SectionFlag, SectionType } from "../../elf/constants.ts";
import {
  EHDR_SIZE,
  type RawHeader,
  type RawSection,
  type RawSymbol,
  readRawSection,
  readRawSymbol,
  SYM_SIZE,
} from "../../elf/raw.ts";
import { NOBITS_SIZE_MAX } from "../../xen-abi/limits.ts";
import type { Hypervisor } from "../hypervisor.ts";
import { textAt } from "../image-file.ts";
import { crash, refuse } from "../verdict.ts";
import { checkHeader } from "./check-header.ts";

export interface PayloadSection extends RawSection {
  readonly index: number;
  readonly name: string;
  /** As in the file; empty for SHT_NOBITS. */
  readonly bytes: Uint8Array;
}

export interface PayloadSymbol extends RawSymbol {
  readonly index: number;
  readonly name: string;
  /** Of its record in the file. */
  readonly fileOffset: number;
}

export interface PayloadFile {
  readonly bytes: Uint8Array;
  readonly header: RawHeader;
  /** Entry 0, which Xen never looks at, is there to keep the indices. */
  readonly sections: readonly PayloadSection[];
  /** Without entry 0. */
  readonly symbols: readonly PayloadSymbol[];
  /** Entry 0 included. */
  readonly symbolCount: number;
  readonly symbolTableIndex: number;
}

/** Stops at the first thing that Xen does not like. */
export function readPayloadFile(bytes: Uint8Array, xen: Hypervisor): PayloadFile {
  const header = checkHeader(bytes, xen);
  const raw = readSectionHeaders(bytes, header);
  const table = checkSections(raw, bytes, xen);
  const contents = raw.map((section, index) => (index === 0 ? none : contentsOf(section, bytes)));
  const names = requireStrings(
    raw[header.e_shstrndx],
    contents[header.e_shstrndx],
    "names/section",
  );
  const sections = raw.map((section, index): PayloadSection => {
    if (index > 0 && section.sh_name >= names.length) {
      refuse("names/section", "EINVAL", `section ${index} has its name past the end of the names`);
    }
    return {
      ...section,
      index,
      name: textAt(names, section.sh_name),
      bytes: contents[index] ?? none,
    };
  });
  const symbols = readSymbols(sections, table);
  return {
    bytes,
    header,
    sections,
    symbols: symbols.slice(1),
    symbolCount: symbols.length,
    symbolTableIndex: table.index,
  };
}

export function hasFlag(section: RawSection, flag: keyof typeof SectionFlag): boolean {
  return (section.sh_flags & SectionFlag[flag]) !== 0n;
}

const none = new Uint8Array();
const UINT64_END = 1n << 64n;

interface SymbolTablePlace {
  readonly index: number;
  readonly names: number;
}

function readSectionHeaders(bytes: Uint8Array, header: RawHeader): RawSection[] {
  const reader = new ByteReader(bytes, "payload");
  return Array.from({ length: header.e_shnum }, (_, index) => {
    reader.seek(Number(header.e_shoff) + index * header.e_shentsize);
    return readRawSection(reader);
  });
}

function checkSections(
  sections: readonly RawSection[],
  bytes: Uint8Array,
  xen: Hypervisor,
): SymbolTablePlace {
  let table: SymbolTablePlace | undefined;
  for (const [index, section] of sections.entries()) {
    if (index === 0) continue;
    checkRange(section, index, bytes.length);
    checkAlignment(section, index, xen);
    if (section.sh_type !== SectionType.SHT_SYMTAB) continue;
    if (table !== undefined) {
      refuse("sections/symbol-table", "EOPNOTSUPP", `section ${index} is a second symbol table`);
    }
    if (section.sh_link >= sections.length) {
      refuse("sections/symbol-table", "EINVAL", `its names are section ${section.sh_link}`);
    }
    table = { index, names: section.sh_link };
  }
  if (table === undefined) refuse("sections/symbol-table", "EINVAL", "there is no symbol table");
  checkSymbolTable(sections, table, bytes);
  return table;
}

function checkRange(section: RawSection, index: number, length: number): void {
  const { sh_offset, sh_size, sh_type } = section;
  const step = "sections/range";
  if (sh_offset < BigInt(EHDR_SIZE)) {
    refuse(step, "EINVAL", `section ${index} lies at ${sh_offset}, inside of the ELF header`);
  }
  if (sh_type === SectionType.SHT_NOBITS) return;
  const end = sh_offset + sh_size;
  if (sh_offset > BigInt(length) || end % UINT64_END > BigInt(length)) {
    refuse(step, "EINVAL", `section ${index} ends at ${end}, past the end of the file`);
  }
  if (end >= UINT64_END && isUsed(section)) {
    crash("section-size-wraps", step, `section ${index} claims ${sh_size} bytes`);
  }
}

/** Copied or walked through by Xen. */
function isUsed(section: RawSection): boolean {
  const walked: readonly number[] = [
    SectionType.SHT_SYMTAB,
    SectionType.SHT_STRTAB,
    SectionType.SHT_RELA,
  ];
  return hasFlag(section, "SHF_ALLOC") || walked.includes(section.sh_type);
}

function checkAlignment(section: RawSection, index: number, xen: Hypervisor): void {
  const { sh_addralign: alignment, sh_addr, sh_type, sh_size } = section;
  if (xen.features.has("checks-section-alignment") && alignment !== 0n) {
    if ((alignment & (alignment - 1n)) !== 0n) {
      refuse("sections/alignment", "EOPNOTSUPP", `section ${index} has alignment ${alignment}`);
    }
    if (sh_addr % alignment !== 0n) {
      refuse("sections/alignment", "EINVAL", `section ${index} has an address not aligned`);
    }
  }
  if (!xen.features.has("load-hooks") || sh_type !== SectionType.SHT_NOBITS) return;
  const isKept = hasFlag(section, "SHF_WRITE") || hasFlag(section, "SHF_ALLOC");
  if (isKept && sh_size > BigInt(NOBITS_SIZE_MAX)) {
    refuse("sections/no-bits-size", "EINVAL", `section ${index} has ${sh_size} bytes of zeros`);
  }
}

function checkSymbolTable(
  sections: readonly RawSection[],
  { index, names }: SymbolTablePlace,
  bytes: Uint8Array,
): void {
  const table = sections[index];
  const step = "sections/symbol-table";
  if (table === undefined || table.sh_size === 0n) refuse(step, "EINVAL", "it is empty");
  if (table.sh_entsize < BigInt(SYM_SIZE) || table.sh_size % table.sh_entsize !== 0n) {
    refuse(
      step,
      "EINVAL",
      `${table.sh_size} bytes are not a whole number of entries of ${table.sh_entsize}`,
    );
  }
  if (names === 0) crash("null-section", step, "the symbols' names are in section 0");
  const strings = sections[names];
  requireStrings(strings, strings && contentsOf(strings, bytes), "sections/string-table");
}

/** A table of strings: of the right type, with a NUL at both ends. */
function requireStrings(
  section: RawSection | undefined,
  bytes: Uint8Array | undefined,
  step: "sections/string-table" | "names/section",
): Uint8Array {
  const isTable = section?.sh_type === SectionType.SHT_STRTAB;
  if (!isTable || bytes === undefined || bytes.length === 0) {
    return refuse(step, "EINVAL", "the section of names is not a string table, or is empty");
  }
  if (bytes[0] !== 0 || bytes.at(-1) !== 0) {
    refuse(step, "EINVAL", "the table of names does not begin and end with a NUL");
  }
  return bytes;
}

function contentsOf({ sh_type, sh_offset, sh_size }: RawSection, bytes: Uint8Array): Uint8Array {
  if (sh_type === SectionType.SHT_NOBITS) return none;
  return bytes.subarray(Number(sh_offset), Number(sh_offset + sh_size));
}

function readSymbols(
  sections: readonly PayloadSection[],
  { index, names }: SymbolTablePlace,
): PayloadSymbol[] {
  const table = sections[index];
  const strings = sections[names]?.bytes ?? none;
  if (table === undefined) return [];
  const count = Number(table.sh_size / table.sh_entsize);
  const reader = new ByteReader(table.bytes, "symbol table");
  return Array.from({ length: count }, (_, number) => {
    // Xen steps by the size of an entry that it knows, whatever sh_entsize says.
    reader.seek(number * SYM_SIZE);
    const raw = readRawSymbol(reader);
    if (number > 0 && raw.st_name >= strings.length) {
      refuse("names/symbol", "EINVAL", `symbol ${number} has its name past the end of the names`, {
        place: { section: table.name, offset: Number(table.sh_offset) + number * SYM_SIZE },
      });
    }
    const fileOffset = Number(table.sh_offset) + number * SYM_SIZE;
    return { ...raw, index: number, name: textAt(strings, raw.st_name), fileOffset };
  });
}
