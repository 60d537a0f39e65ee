// String tables: NUL-terminated names, found by their offset.

import { asBuffer } from "../bytes/as-buffer.ts";
import { hexNumber } from "../bytes/hex.ts";
import { type ElfPlace, malformed } from "./errors.ts";

/**
 * In bytes. Xen's own limit is 127; mangled C++ names can be long. Without a limit, a table without a
 * NUL would make every symbol name as long as the file.
 */
const NAME_SIZE_MAX = 4096;

/** Strict, and keeps a byte order mark: a name must survive the round trip. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The name at `offset` of a string table; `place` is the location of the reference to it.
 * @throws ElfError elf/malformed when the name is outside of the table, does not end, or is not UTF-8
 */
export function nameAt(table: Uint8Array, offset: number, place: ElfPlace): string {
  if (offset >= table.length) {
    // gABI: a string table may be empty, and then only index 0 is valid.
    if (offset === 0) return "";
    throw malformed(
      place,
      `Cannot read a name: it starts at ${hexNumber(offset)} of its string table`,
      `less than ${hexNumber(table.length)}, the size of the table`,
    );
  }
  const limit = Math.min(table.length, offset + NAME_SIZE_MAX + 1);
  let end = offset;
  let isAscii = true;
  for (let byte = table[end] ?? 0; byte !== 0 && end < limit; byte = table[++end] ?? 0) {
    if (byte >= 0x80) isAscii = false;
  }
  if (end >= limit) {
    throw malformed(
      place,
      `Cannot read the name at ${hexNumber(offset)} of its string table: no NUL ends it`,
      `a NUL before the end of the table, after ${NAME_SIZE_MAX} bytes at most`,
    );
  }
  if (isAscii) return asBuffer(table).toString("latin1", offset, end);
  try {
    return utf8.decode(table.subarray(offset, end));
  } catch {
    throw malformed(
      place,
      `Cannot read the name at ${hexNumber(offset)} of its string table: it is not UTF-8`,
      "names in UTF-8",
    );
  }
}
