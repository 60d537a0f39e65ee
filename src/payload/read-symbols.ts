// What a payload needs of others and brings for them: ABI reference §2.7, §2.11.

import { SectionFlag } from "../elf/constants.ts";
import type { ElfSymbol, Section } from "../elf/object.ts";
import type { ExportedSymbol, PayloadFunction } from "./payload.ts";
import type { PayloadFile } from "./targets.ts";

/** Undefined symbols, sorted; each has to be found in Xen or in a loaded payload. */
export function readNeeds({ symbols }: PayloadFile): readonly string[] {
  const names = symbols
    .slice(1)
    .flatMap(({ place, name }) => (place.kind === "undefined" ? [name] : []));
  return [...new Set(names)].sort();
}

/** Symbols that Xen would take into its table for later payloads. */
export function readExports(
  file: PayloadFile,
  functions: readonly PayloadFunction[],
): readonly ExportedSymbol[] {
  // A symbol at the start of a replacement stands for the old function, and is not recorded.
  const overriding = new Set(
    functions.flatMap((entry) =>
      entry.kind === "replace" && entry.newAddress.kind === "own"
        ? [`${entry.newAddress.section}\0${entry.newAddress.offset}`]
        : [],
    ),
  );
  return file.symbols.flatMap((symbol) => {
    if (symbol.place.kind !== "section") return [];
    const section = file.object.sections[symbol.place.index];
    if (section === undefined || !isRecorded(file, symbol, section)) return [];
    if (overriding.has(`${section.name}\0${symbol.value}`)) return [];
    return [{ name: symbol.name, section: section.name, sizeBytes: Number(symbol.size) }];
  });
}

function isRecorded(file: PayloadFile, { name }: ElfSymbol, section: Section): boolean {
  if ((section.flags & SectionFlag.SHF_ALLOC) === 0n || name === "") return false;
  if ((section.flags & SectionFlag.SHF_MERGE) !== 0n && name.startsWith(".L")) return false;
  // Mapping symbols of AArch64, which tell code from data.
  return file.architecture !== "aarch64" || !/^\$[dx](\.|$)/.test(name);
}
