// The names under which Xen knows its own symbols, as its build makes them from the linked image:
// ABI reference §2.13. Locals bear the file that they come from.

import { SectionNumber, SymbolBinding, SymbolType } from "../elf/constants.ts";
import type { ImageFile, ImageSymbol } from "./image-file.ts";

/** Longer names are not in Xen's table. */
const NAME_LENGTH_MAX = 127;

/** Address by name; the first of a name counts, as in 4.13 and later there is only one. */
export function indexXenSymbols(image: ImageFile): ReadonlyMap<string, bigint> {
  const table = new Map<string, bigint>();
  let file = "";
  for (const symbol of image.symbols) {
    if (typeOf(symbol) === SymbolType.STT_FILE) file = symbol.name;
    const name = tableName(symbol, file);
    if (name !== undefined && !table.has(name)) table.set(name, symbol.st_value);
  }
  return table;
}

function tableName(symbol: ImageSymbol, file: string): string | undefined {
  const { name, st_shndx } = symbol;
  if (name === "" || name.startsWith("$") || /_compiled\./.test(name)) return undefined;
  if (st_shndx === SectionNumber.SHN_UNDEF || st_shndx >= SectionNumber.SHN_LORESERVE)
    return undefined;
  const type = typeOf(symbol);
  if (type === SymbolType.STT_SECTION || type === SymbolType.STT_FILE) return undefined;
  const isLocal = symbol.st_info >> 4 === SymbolBinding.STB_LOCAL;
  const full = isLocal && file !== "" ? `${file}#${name}` : name;
  return full.length <= NAME_LENGTH_MAX ? full : undefined;
}

function typeOf(symbol: ImageSymbol): number {
  return symbol.st_info & 0xf;
}
