// Changes some bytes of a file and leaves everything else unchanged: segments, offsets, tables. Use it
// to edit executables, whose layout depends on their contents. For relocatable files use draft.ts.

import { ByteWriter } from "../bytes/byte-writer.ts";
import { hexNumber } from "../bytes/hex.ts";
import { describePlace, ElfError, sectionLabel } from "./errors.ts";
import type { ElfObject, ElfSymbol, Section } from "./object.ts";
import { SYM_SIZE } from "./raw.ts";
import { findSymbolTable } from "./symbol-table.ts";

export type ElfEdit =
  | {
      readonly kind: "contents";
      readonly section: Section;
      /** Offset into the section, in bytes. */
      readonly offset: number;
      readonly bytes: Uint8Array;
    }
  | {
      readonly kind: "symbol";
      readonly symbol: ElfSymbol;
      readonly value: bigint;
      readonly size: bigint;
    };

/** Offset of st_value, with st_size right after it. */
const VALUE_OFFSET = 8;

/**
 * A copy of the file with the edits made in order; without edits, an exact copy.
 * @throws ElfError elf/missing when an edit extends past the end of its section
 */
export function editElf(object: ElfObject, edits: readonly ElfEdit[]): Uint8Array {
  const bytes = object.bytes.slice();
  for (const edit of edits) {
    switch (edit.kind) {
      case "contents":
        replaceBytes(object, bytes, edit.section, edit.offset, edit.bytes);
        break;
      case "symbol": {
        const table = findSymbolTable(object);
        if (table === undefined) throw noSuchPlace(object, `symbol "${edit.symbol.name}"`);
        const record = new ByteWriter(16).u64(edit.value).u64(edit.size).toBytes();
        const offset = edit.symbol.index * SYM_SIZE + VALUE_OFFSET;
        replaceBytes(object, bytes, table.section, offset, record);
        break;
      }
    }
  }
  return bytes;
}

function replaceBytes(
  object: ElfObject,
  file: Uint8Array,
  section: Section,
  offset: number,
  bytes: Uint8Array,
): void {
  const size = section.type === "SHT_NOBITS" ? 0 : section.size;
  if (offset < 0 || offset + bytes.length > size) {
    const range = `${bytes.length} bytes at ${hexNumber(offset)}`;
    throw noSuchPlace(object, `${range} of ${sectionLabel(section)}`, section);
  }
  file.set(bytes, section.offset + offset);
}

function noSuchPlace(object: ElfObject, what: string, section?: Section): ElfError {
  const size = section === undefined ? "" : ` of ${hexNumber(section.size)} bytes`;
  return new ElfError({
    code: "elf/missing",
    problem: `Cannot edit ${what}: the file has nothing there`,
    where: describePlace({ source: object.source, ...(section && { section }) }),
    expected: `a place inside the contents${size}`,
  });
}
