// The sections, bytes and symbols of an executable hypervisor image with debug symbols (xen-syms),
// read from the raw records. Looser than elf/read.ts, of which it is independent: what the model
// does not need is not looked at.

import { gunzipSync } from "node:zlib";
import { ByteReader } from "../bytes/byte-reader.ts";
import { ElfIdent, SectionType } from "../elf/constants.ts";
import {
  EHDR_SIZE,
  ELF_MAGIC,
  type RawHeader,
  type RawSection,
  readRawHeader,
  readRawSection,
  SHDR_SIZE,
  SYM_SIZE,
} from "../elf/raw.ts";
import { ELF_SIZE_MAX } from "../elf/size-limit.ts";
import { ModelError } from "./errors.ts";

export interface ImageSection extends RawSection {
  readonly index: number;
  readonly name: string;
  /** Empty for SHT_NOBITS. */
  readonly bytes: Uint8Array;
}

/** The records as they lie in the file: there are thousands, and few are looked at. */
export interface ImageSymbols {
  readonly count: number;
  readonly records: DataView;
  /** All names, one byte a character, each ended by a NUL. */
  readonly names: string;
}

export interface ImageFile {
  readonly source: string;
  readonly header: RawHeader;
  readonly sections: readonly ImageSection[];
  readonly symbols: ImageSymbols;
}

/** @param bytes plain or gzip @throws ModelError xen-model/bad-hypervisor */
export function readImageFile(bytes: Uint8Array, source: string): ImageFile {
  const plain = inflate(bytes, source);
  const reader = new ByteReader(plain, source);
  const header = readHeader(reader);
  const raw = Array.from({ length: header.e_shnum }, (_, index) => {
    const start = toOffset(header.e_shoff, source) + index * header.e_shentsize;
    requireWhole(reader, start + SHDR_SIZE, `the header of section ${index}`);
    reader.seek(start);
    return readRawSection(reader);
  });
  const contents = raw.map((section, index) => contentsOf(section, index, reader));
  const names = contents[header.e_shstrndx] ?? new Uint8Array();
  const sections = raw.map((section, index): ImageSection => {
    const own = contents[index] ?? new Uint8Array();
    return { ...section, index, name: textAt(names, section.sh_name), bytes: own };
  });
  return { source, header, sections, symbols: symbolsOf(sections, source) };
}

function readHeader(reader: ByteReader): RawHeader {
  const { source } = reader;
  if (reader.length === 0) throw badImage(source, "it is empty");
  const header = reader.length < EHDR_SIZE ? undefined : readRawHeader(reader);
  const isElf64 =
    header !== undefined &&
    ELF_MAGIC.every((byte, index) => header.ei_mag[index] === byte) &&
    header.ei_class === ElfIdent.ELFCLASS64 &&
    header.ei_data === ElfIdent.ELFDATA2LSB;
  if (!isElf64) throw badImage(source, "it is not a little-endian ELF64 file");
  return header;
}

function requireWhole({ length, source }: ByteReader, end: number, what: string): void {
  if (end <= length) return;
  throw badImage(source, `it is cut short: it has ${length} bytes, and ${what} ends at ${end}`);
}

export function badImage(source: string, state: string): ModelError {
  return new ModelError({
    code: "xen-model/bad-hypervisor",
    problem: `Cannot model the hypervisor of "${source}": ${state}`,
    expected: "the xen-syms file of a hypervisor for x86-64 or AArch64, plain or gzip",
  });
}

/** NUL-terminated; bytes as they are, one character each, so that any two names compare right. */
export function textAt(bytes: Uint8Array, offset: number): string {
  if (offset >= bytes.length) return "";
  const end = bytes.indexOf(0, offset);
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return view.toString("latin1", offset, end < 0 ? bytes.length : end);
}

function inflate(bytes: Uint8Array, source: string): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: ELF_SIZE_MAX });
  } catch (cause) {
    const isTooLarge = cause instanceof Error && "code" in cause && cause.code === TOO_LARGE;
    const state = isTooLarge
      ? `what is compressed in it has more than ${ELF_SIZE_MAX} bytes`
      : "its compressed data are damaged, or cut short";
    throw new ModelError(badImage(source, state).report, { cause });
  }
}

/** Of node:zlib. */
const TOO_LARGE = "ERR_BUFFER_TOO_LARGE";

function contentsOf(section: RawSection, index: number, reader: ByteReader): Uint8Array {
  if (section.sh_type === SectionType.SHT_NOBITS || section.sh_type === SectionType.SHT_NULL) {
    return new Uint8Array();
  }
  const start = toOffset(section.sh_offset, reader.source);
  const size = toOffset(section.sh_size, reader.source);
  requireWhole(reader, start + size, `section ${index}`);
  reader.seek(start);
  return reader.bytes("section", size);
}

function symbolsOf(sections: readonly ImageSection[], source: string): ImageSymbols {
  const table = sections.find(({ sh_type }) => sh_type === SectionType.SHT_SYMTAB);
  if (table === undefined) throw badImage(source, "it has no symbols");
  const names = sections[table.sh_link]?.bytes ?? new Uint8Array();
  const { buffer, byteOffset, length } = table.bytes;
  return {
    count: Math.floor(length / SYM_SIZE),
    records: new DataView(buffer, byteOffset, length),
    names: Buffer.from(names.buffer, names.byteOffset, names.length).toString("latin1"),
  };
}

function toOffset(value: bigint, source: string): number {
  if (value > BigInt(ELF_SIZE_MAX)) throw badImage(source, `an offset in it is ${value}`);
  return Number(value);
}
