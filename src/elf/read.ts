// Opens an ELF64 little-endian file. The header and the section headers are read and checked at once,
// symbols on first use, contents never (they are views). Every position is compared with the file's
// length before it is used, so a malformed file needs no more memory than a valid one. Program headers
// are not read: no caller needs them.

import { ByteReader } from "../bytes/byte-reader.ts";
import { hexNumber } from "../bytes/hex.ts";
import {
  ElfIdent,
  ElfType,
  Machine,
  nameOfElfType,
  nameOfMachine,
  SectionNumber,
} from "./constants.ts";
import { type ElfError, malformed, truncated, unsupported } from "./errors.ts";
import { type ElfObject, type RelocationTables, type SymbolList, sectionIndex } from "./object.ts";
import {
  EHDR_SIZE,
  ELF_MAGIC,
  IDENT_SIZE,
  type RawHeader,
  type RawSection,
  readRawHeader,
  readRawSection,
  SHDR_SIZE,
} from "./raw.ts";
import { readSections } from "./read-sections.ts";
import { findRelocationTables } from "./relocation-tables.ts";
import { readSymbols } from "./symbols.ts";

export interface ReadElfOptions {
  /**
   * Called for each section whose header is wrong. The section is then read as far as possible, and
   * counts as empty beyond that. Without this callback the first one is thrown.
   */
  readonly onDamage?: (error: ElfError) => void;
}

/**
 * `source` is the name of the file in messages. The object keeps a view of `file`, not a copy.
 * @throws ElfError when the file is truncated, inconsistent, or not an ELF64 for x86-64 or AArch64;
 * reading `symbols` throws it as well
 */
export function readElf(
  file: Uint8Array,
  source: string,
  { onDamage = fail }: ReadElfOptions = {},
): ElfObject {
  // A plain array, because slice() of a Buffer would not copy.
  const bytes = new Uint8Array(file.buffer, file.byteOffset, file.byteLength);
  checkIdent(bytes, source);
  const raw = readRawHeader(new ByteReader(bytes, source));
  checkHeader(raw, source);
  const { headers, nameTable } = readSectionHeaders(bytes, raw, source);
  const sections = readSections({ bytes, source, onDamage }, headers, nameTable);
  let symbols: SymbolList | undefined;
  let relocationTables: RelocationTables | undefined;
  return {
    source,
    bytes,
    header: {
      type: raw.e_type,
      machine: raw.e_machine,
      osAbi: raw.ei_osabi,
      abiVersion: raw.ei_abiversion,
      flags: raw.e_flags,
      entry: raw.e_entry,
    },
    sections,
    nameTable: sectionIndex(nameTable),
    get symbols() {
      symbols ??= readSymbols(this);
      return symbols;
    },
    get relocationTables() {
      relocationTables ??= findRelocationTables(sections);
      return relocationTables;
    },
  };
}

function fail(error: ElfError): never {
  throw error;
}

function checkIdent(bytes: Uint8Array, source: string): void {
  const place = { source, offset: 0 };
  const magic = ELF_MAGIC.every((byte, index) => bytes[index] === byte);
  if (!magic) {
    const start = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0"));
    const found = bytes.length === 0 ? "it is empty" : `it starts with ${start.join(" ")}`;
    throw malformed(place, `Cannot read "${source}" as ELF: ${found}`, "7f 45 4c 46, an ELF file");
  }
  if (bytes.length < EHDR_SIZE) {
    throw truncated(
      { source, offset: bytes.length },
      `Cannot read the ELF header: the file ends after ${bytes.length} bytes`,
      `${EHDR_SIZE} bytes`,
    );
  }
  const [fileClass, data] = [bytes[4] ?? 0, bytes[5] ?? 0];
  if (fileClass !== ElfIdent.ELFCLASS64) {
    const found = fileClass === ElfIdent.ELFCLASS32 ? "it is a 32-bit ELF" : `class ${fileClass}`;
    throw unsupported({ source, offset: 4 }, `Cannot read "${source}": ${found}`, {
      expected: "a 64-bit ELF (of Xen: xen-syms, as the boot image of x86 is a 32-bit wrapper)",
    });
  }
  if (data !== ElfIdent.ELFDATA2LSB) {
    const found = data === ElfIdent.ELFDATA2MSB ? "it is big-endian" : `data encoding ${data}`;
    throw unsupported({ source, offset: 5 }, `Cannot read "${source}": ${found}`, {
      expected: "a little-endian ELF",
    });
  }
}

function checkHeader(raw: RawHeader, source: string): void {
  if (raw.ei_version !== ElfIdent.EV_CURRENT || raw.e_version !== ElfIdent.EV_CURRENT) {
    throw unsupported(
      { source, offset: 6 },
      `Cannot read "${source}": ELF version ${raw.ei_version} and ${raw.e_version}`,
      { expected: "version 1 in both places" },
    );
  }
  const types: readonly number[] = [ElfType.ET_REL, ElfType.ET_EXEC, ElfType.ET_DYN];
  if (!types.includes(raw.e_type)) {
    throw unsupported(
      { source, offset: IDENT_SIZE },
      `Cannot read "${source}": it is of type ${nameOfElfType(raw.e_type)}`,
      { expected: "ET_REL, ET_EXEC or ET_DYN" },
    );
  }
  if (raw.e_machine !== Machine.EM_X86_64 && raw.e_machine !== Machine.EM_AARCH64) {
    throw unsupported(
      { source, offset: IDENT_SIZE + 2 },
      `Cannot read "${source}": it is for machine ${nameOfMachine(raw.e_machine)}`,
      { expected: "EM_X86_64 or EM_AARCH64" },
    );
  }
  if (raw.e_ehsize !== EHDR_SIZE) {
    throw malformed(
      { source, offset: 52 },
      `Cannot read the ELF header: it says that it has ${raw.e_ehsize} bytes`,
      `${EHDR_SIZE}`,
    );
  }
}

interface SectionHeaders {
  readonly headers: readonly RawSection[];
  /** Index of the section with the names; 0 for none. */
  readonly nameTable: number;
}

function readSectionHeaders(bytes: Uint8Array, raw: RawHeader, source: string): SectionHeaders {
  if (raw.e_shoff === 0n) {
    if (raw.e_shnum === 0) return { headers: [], nameTable: 0 };
    throw malformed(
      { source, offset: 40 },
      `Cannot read the section headers: there are ${raw.e_shnum}, at offset 0`,
      "an offset after the ELF header",
    );
  }
  if (raw.e_shentsize !== SHDR_SIZE) {
    throw malformed(
      { source, offset: 58 },
      `Cannot read the section headers: each has ${raw.e_shentsize} bytes`,
      `${SHDR_SIZE}`,
    );
  }
  const start = requireRoom(bytes, raw.e_shoff, 1n, source);
  const reader = new ByteReader(bytes, source);
  reader.seek(start);
  const first = readRawSection(reader);
  // gABI, "Extended section numbering": values that do not fit the header are in section 0.
  const count = raw.e_shnum === 0 ? first.sh_size : BigInt(raw.e_shnum);
  const nameTable = raw.e_shstrndx === SectionNumber.SHN_XINDEX ? first.sh_link : raw.e_shstrndx;
  requireRoom(bytes, raw.e_shoff, count, source);
  const headers = [first];
  while (headers.length < Number(count)) headers.push(readRawSection(reader));
  return { headers, nameTable };
}

/** The offset of the section headers as a number, when `count` of them are inside of the file. */
function requireRoom(bytes: Uint8Array, start: bigint, count: bigint, source: string): number {
  if (start + count * BigInt(SHDR_SIZE) > BigInt(bytes.length)) {
    throw truncated(
      { source },
      `Cannot read ${count} section headers at ${hexNumber(start)}: the file ends before`,
      `at most ${hexNumber(bytes.length)}, the size of the file`,
    );
  }
  return Number(start);
}
