// The names under which Xen knows its own symbols, as its build makes them from the linked image:
// ABI reference §2.13. Locals bear the file that they come from.

import { SectionNumber, SymbolBinding, SymbolType } from "../elf/constants.ts";
import { SYM_SIZE } from "../elf/raw.ts";
import type { ImageSymbols } from "./image-file.ts";

/** Longer names are not in Xen's table. */
const NAME_LENGTH_MAX = 127;

/** Offsets in an Elf64_Sym; opening an image has no time for a record of each. */
const ST_INFO = 4;
const ST_SHNDX = 6;
const ST_VALUE = 8;

/** The address of a name; the first of a name counts, as in 4.13 and later there is only one. */
export function indexXenSymbols(symbols: ImageSymbols): (name: string) => bigint | undefined {
  const { count, records } = symbols;
  const places = new Map<string, number>();
  let file = "";
  for (let at = 0; at < count * SYM_SIZE; at += SYM_SIZE) {
    const info = records.getUint8(at + ST_INFO);
    if ((info & 0xf) === SymbolType.STT_FILE) file = nameAt(symbols, at);
    else if (isNamed(info, records.getUint16(at + ST_SHNDX, true))) {
      const name = tableName(nameAt(symbols, at), info, file);
      if (name !== undefined && !places.has(name)) places.set(name, at);
    }
  }
  return (name) => {
    const at = places.get(name);
    return at === undefined ? undefined : records.getBigUint64(at + ST_VALUE, true);
  };
}

/** Neither undefined nor absolute, and no section's. */
function isNamed(info: number, sectionIndex: number): boolean {
  const isDefined =
    sectionIndex !== SectionNumber.SHN_UNDEF && sectionIndex < SectionNumber.SHN_LORESERVE;
  return isDefined && (info & 0xf) !== SymbolType.STT_SECTION;
}

function nameAt({ records, names }: ImageSymbols, at: number): string {
  const start = records.getUint32(at, true);
  const end = names.indexOf("\0", start);
  return end < 0 ? "" : names.slice(start, end);
}

function tableName(name: string, info: number, file: string): string | undefined {
  if (name === "" || name.startsWith("$") || name.includes("_compiled.")) return undefined;
  const isLocal = info >> 4 === SymbolBinding.STB_LOCAL;
  const full = isLocal && file !== "" ? `${file}#${name}` : name;
  return full.length <= NAME_LENGTH_MAX ? full : undefined;
}
