// The formats of Linux's tables that differ between its releases. A kernel's debug information has
// their sizes; an object alone shows them by its relocations, which fill in the same fields of every
// entry.
import { contentsOf, type ElfObject, findSection, relocationsOf } from "xsplice/elf";

export interface LinuxLayout {
  /** struct alt_instr: older kernels count padding (13 bytes), newer ones have flags (14). */
  readonly alternativeSize: 12 | 13 | 14;
  /** struct bug_entry: older kernels count the distance to the file's name from the entry. */
  readonly bugFileFrom: "field" | "entry";
  /** struct exception_table_entry: newer kernels say what is to be done (12 bytes). */
  readonly exceptionSize: 8 | 12;
  /** struct jump_entry: older kernels have addresses (24 bytes), newer ones distances. */
  readonly jumpSize: 16 | 24;
}

/** That of new kernels where the object has no table that tells. */
export function linuxLayoutOf(object: ElfObject): LinuxLayout {
  return {
    alternativeSize:
      sizeOfEntries(object, ".altinstructions", [
        { size: 14, places: [0, 4] },
        { size: 13, places: [0, 4] },
        { size: 12, places: [0, 4] },
      ]) ?? 14,
    bugFileFrom: bugFileFrom(object),
    exceptionSize:
      sizeOfEntries(object, "__ex_table", [
        { size: 12, places: [0, 4, 8] },
        { size: 8, places: [0, 4] },
      ]) ?? 12,
    jumpSize:
      sizeOfEntries(object, "__jump_table", [
        { size: 24, places: [0, 8, 16] },
        { size: 16, places: [0, 4, 8] },
      ]) ?? 16,
  };
}

interface EntryFormat<Size extends number> {
  readonly size: Size;
  /** Offsets of the fields that relocations fill in. */
  readonly places: readonly number[];
}

/** The first format that the table can have. */
function sizeOfEntries<Size extends number>(
  object: ElfObject,
  name: string,
  formats: readonly EntryFormat<Size>[],
): Size | undefined {
  const section = findSection(object, name);
  if (section === undefined || section.size === 0) return undefined;
  const offsets = relocationsOf(object, section).map(({ offset }) => offset);
  return formats.find(
    ({ size, places }) =>
      section.size % size === 0 && offsets.every((offset) => places.includes(offset % size)),
  )?.size;
}

/** The name begins where the distance leads to, or 4 bytes before, since the field lies 4 bytes on. */
function bugFileFrom(object: ElfObject): LinuxLayout["bugFileFrom"] {
  const table = findSection(object, "__bug_table");
  const names = table === undefined ? [] : relocationsOf(object, table);
  for (const { offset, symbol, addend } of names) {
    const target = object.symbols[symbol];
    if (offset % 12 !== 4 || target?.place.kind !== "section") continue;
    const section = object.sections[target.place.index];
    const place = Number(target.value + addend);
    if (section === undefined) continue;
    const isStart = place === 0 || contentsOf(object, section)[place - 1] === 0;
    return isStart ? "field" : "entry";
  }
  return "field";
}
