// The names under which Xen knows its own symbols, as its build makes them from the linked image:
// ABI reference §2.13. Locals bear the file that they come from.

import { SectionNumber, SymbolBinding, SymbolType } from "../elf/constants.ts";
import { SYM_SIZE } from "../elf/raw.ts";
import { countBefore } from "../sorted.ts";
import type { ImageSymbols } from "./image-file.ts";

/** Longer names are not in Xen's table. */
const NAME_LENGTH_MAX = 127;

/** Offsets in an Elf64_Sym; opening an image has no time for a record of each. */
const ST_INFO = 4;
const ST_SHNDX = 6;
const ST_VALUE = 8;
const ST_SIZE = 16;

/** The address of a name; the first of a name counts, as in 4.13 and later there is only one. */
export function indexXenSymbols(symbols: ImageSymbols): (name: string) => bigint | undefined {
  const places = new Map<string, number>();
  visitXenSymbols(symbols, (name, at) => {
    if (!places.has(name)) places.set(name, at);
  });
  return (name) => {
    const at = places.get(name);
    return at === undefined ? undefined : symbols.records.getBigUint64(at + ST_VALUE, true);
  };
}

export interface ImageFunction {
  /** As Xen's own table spells it. */
  readonly name: string;
  readonly address: bigint;
  /** 0 where the file does not tell, as for much that is written in assembly. */
  readonly sizeBytes: number;
}

/** All symbols in the sections that `isCode` tells, by address. */
export function xenFunctions(
  symbols: ImageSymbols,
  isCode: (sectionIndex: number) => boolean,
): readonly ImageFunction[] {
  const { records } = symbols;
  const all: ImageFunction[] = [];
  visitXenSymbols(symbols, (name, at) => {
    if (!isCode(records.getUint16(at + ST_SHNDX, true))) return;
    const address = records.getBigUint64(at + ST_VALUE, true);
    all.push({ name, address, sizeBytes: Number(records.getBigUint64(at + ST_SIZE, true)) });
  });
  // Of several names of one place the one that knows its size comes last, and is found first.
  all.sort((left, right) => {
    if (left.address === right.address) return left.sizeBytes - right.sizeBytes;
    return left.address < right.address ? -1 : 1;
  });
  return all;
}

/** Labels inside of a function that are passed on the way to its start. */
const INNER_LABELS_MAX = 16;

/** What lies at or around an address. */
export function functionAround(
  sorted: readonly ImageFunction[],
  address: bigint,
): ImageFunction | undefined {
  const count = countBefore(sorted, (one) => one.address <= address);
  const nearest = sorted[count - 1];
  for (let index = count - 1; index >= 0 && count - index <= INNER_LABELS_MAX; index--) {
    const found = sorted[index];
    if (found && address < found.address + BigInt(found.sizeBytes)) return found;
  }
  return nearest?.sizeBytes === 0 ? nearest : undefined;
}

/** `at` is the offset of the symbol's record. */
function visitXenSymbols(symbols: ImageSymbols, visit: (name: string, at: number) => void): void {
  const { count, records } = symbols;
  let file = "";
  for (let at = 0; at < count * SYM_SIZE; at += SYM_SIZE) {
    const info = records.getUint8(at + ST_INFO);
    if ((info & 0xf) === SymbolType.STT_FILE) file = nameAt(symbols, at);
    else if (isNamed(info, records.getUint16(at + ST_SHNDX, true))) {
      const name = tableName(nameAt(symbols, at), info, file);
      if (name !== undefined) visit(name, at);
    }
  }
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
