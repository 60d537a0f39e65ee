// The static symbol table: all symbols as objects, or one symbol by name directly from the bytes, which
// makes a lookup in a large xen-syms cheap.

import { ByteReader } from "../bytes/byte-reader.ts";
import { hexNumber } from "../bytes/hex.ts";
import { SectionNumber } from "./constants.ts";
import { ElfError, malformed, unsupported } from "./errors.ts";
import { nameOfSymbolBinding, nameOfSymbolType, nameOfSymbolVisibility } from "./names.ts";
import {
  type ElfObject,
  type ElfSymbol,
  type SymbolList,
  type SymbolPlace,
  sectionIndex,
  symbolIndex,
} from "./object.ts";
import { type RawSymbol, readRawSymbol, SYM_SIZE } from "./raw.ts";
import { nameAt } from "./strings.ts";
import { findSymbolTable, type SymbolTable } from "./symbol-table.ts";

/** All symbols, checked. @throws ElfError when the table or one of its fields is wrong */
export function readSymbols(object: ElfObject): SymbolList {
  const table = findSymbolTable(object);
  if (table === undefined) return [];
  const reader = new ByteReader(table.bytes, object.source);
  return Array.from({ length: table.count }, (_, index) =>
    toSymbol(object, table, readRawSymbol(reader), index),
  );
}

/** Every symbol of that name in table order: a local name may stand for several things. */
export function symbolsNamed(object: ElfObject, name: string): readonly ElfSymbol[] {
  const table = findSymbolTable(object);
  if (table === undefined) return [];
  const reader = new ByteReader(table.bytes, object.source);
  return indicesNamed(table, name).map((index) => {
    reader.seek(index * SYM_SIZE);
    return toSymbol(object, table, readRawSymbol(reader), index);
  });
}

/**
 * The one symbol of that name that other objects can see: a global or weak one, otherwise the first
 * local one. Does not create the other symbols.
 */
export function findSymbol(object: ElfObject, name: string): ElfSymbol | undefined {
  const found = symbolsNamed(object, name);
  return found.find((symbol) => symbol.binding !== "STB_LOCAL") ?? found[0];
}

/** As findSymbol(). @throws ElfError elf/missing */
export function requireSymbol(object: ElfObject, name: string): ElfSymbol {
  const symbol = findSymbol(object, name);
  if (symbol !== undefined) return symbol;
  throw new ElfError({
    code: "elf/missing",
    problem: `Cannot find symbol "${name}": the symbol table has none of that name`,
    where: object.source,
  });
}

export interface SymbolWithFile {
  readonly symbol: ElfSymbol;
  /** The name in the last preceding STT_FILE symbol; none for symbols of the linker itself. */
  readonly file: string | undefined;
}

/**
 * Every local symbol, except those of sections and files, with its source file. Xen names local symbols
 * `file#name` after this file (ABI 2.13).
 */
export function localSymbolsWithFiles(object: ElfObject): readonly SymbolWithFile[] {
  const found: SymbolWithFile[] = [];
  let file: string | undefined;
  for (const symbol of object.symbols) {
    if (symbol.type === "STT_FILE") {
      // ld closes the last input's symbols with a nameless file before its own.
      file = symbol.name === "" ? undefined : symbol.name;
    } else if (
      symbol.index !== 0 &&
      symbol.binding === "STB_LOCAL" &&
      symbol.type !== "STT_SECTION"
    ) {
      found.push({ symbol, file });
    }
  }
  return found;
}

/** Indices of the symbols whose st_name leads to `name`. */
function indicesNamed(table: SymbolTable, name: string): number[] {
  const offsets = offsetsOfString(table.strings, name);
  if (offsets.size === 0) return [];
  const { bytes } = table;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const indices: number[] = [];
  for (let index = 1; index < table.count; index++) {
    if (offsets.has(view.getUint32(index * SYM_SIZE, true))) indices.push(index);
  }
  return indices;
}

/** Every place of the string in the table, including the tail of a longer string. */
function offsetsOfString(strings: Uint8Array, text: string): Set<number> {
  const { buffer, byteOffset, length } = strings;
  const table = Buffer.from(buffer, byteOffset, length);
  const wanted = Buffer.from(`${text}\0`);
  const offsets = new Set<number>();
  // A name that contains a NUL could only match across two strings.
  if (text === "" || text.includes("\0")) return offsets;
  for (let at = table.indexOf(wanted); at >= 0; at = table.indexOf(wanted, at + 1)) {
    offsets.add(at);
  }
  return offsets;
}

function toSymbol(object: ElfObject, table: SymbolTable, raw: RawSymbol, index: number): ElfSymbol {
  const { section } = table;
  const place = { source: object.source, section, offset: section.offset + index * SYM_SIZE };
  const visibility = nameOfSymbolVisibility(raw.st_other);
  if (visibility === undefined) {
    // Only AArch64 has such a flag (STO_AARCH64_VARIANT_PCS, vector arguments).
    throw unsupported(
      place,
      `Cannot read symbol ${index}: st_other is ${hexNumber(raw.st_other)}`,
      {
        expected: "a visibility from 0 to 3 and no other flag",
      },
    );
  }
  return {
    index: symbolIndex(index),
    name: nameAt(table.strings, raw.st_name, place),
    value: raw.st_value,
    size: raw.st_size,
    binding: nameOfSymbolBinding(raw.st_info >>> 4),
    type: nameOfSymbolType(raw.st_info & 0xf),
    visibility,
    place: placeOf(object, table, raw, index),
  };
}

function placeOf(
  object: ElfObject,
  table: SymbolTable,
  raw: RawSymbol,
  index: number,
): SymbolPlace {
  switch (raw.st_shndx) {
    case SectionNumber.SHN_UNDEF:
      return { kind: "undefined" };
    case SectionNumber.SHN_ABS:
      return { kind: "absolute" };
    case SectionNumber.SHN_COMMON:
      return { kind: "common" };
  }
  const { section } = table;
  const place = { source: object.source, section, offset: section.offset + index * SYM_SIZE };
  const extended = raw.st_shndx === SectionNumber.SHN_XINDEX;
  if (!extended && raw.st_shndx >= SectionNumber.SHN_LORESERVE) {
    throw unsupported(
      place,
      `Cannot read symbol ${index}: it lies in reserved section ${hexNumber(raw.st_shndx)}`,
      { expected: "a section, SHN_UNDEF, SHN_ABS or SHN_COMMON" },
    );
  }
  const number = extended ? table.extendedIndex(index) : raw.st_shndx;
  if (number === 0 || number >= object.sections.length) {
    throw malformed(
      place,
      `Cannot read symbol ${index}: it lies in section ${number}`,
      `a section between 1 and ${object.sections.length - 1}`,
    );
  }
  return { kind: "section", index: sectionIndex(number) };
}
