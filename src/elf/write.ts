// Writes a draft as a relocatable ELF64 file: the null section, every section of the draft with its
// relocations right after it (as gas does), the symbol table, and the two string tables. The same draft
// always gives the same bytes.

import { ByteWriter } from "../bytes/byte-writer.ts";
import { invariant } from "../invariant.ts";
import { SectionFlag, SectionNumber } from "./constants.ts";
import { type DraftSection, type DraftSymbol, type ElfDraft, sizeOfSection } from "./draft.ts";
import { unsupported } from "./errors.ts";
import { assembleFile, type PlannedSection, stringSection } from "./layout.ts";
import { numberOfSymbolBinding, numberOfSymbolType, numberOfSymbolVisibility } from "./names.ts";
import { RELA_SIZE, SYM_SIZE, writeRawRelocation, writeRawSymbol } from "./raw.ts";
import { StringTable } from "./string-table.ts";

type SectionNumbers = ReadonlyMap<DraftSection, number>;
type SymbolNumbers = ReadonlyMap<DraftSymbol, number>;

/**
 * Local symbols come first; otherwise the draft's order is kept.
 * @throws ElfError elf/unsupported for 65,280 sections and more. A draft that refers to something
 * outside of it is a bug of its maker, not an ElfError
 */
export function writeElf(draft: ElfDraft): Uint8Array {
  const { sectionNumbers, symbolTableIndex } = numberSections(draft);
  const symbols = localsFirst(draft.symbols);
  const symbolNumbers = new Map(symbols.map((symbol, index) => [symbol, index + 1]));
  invariant(symbolNumbers.size === symbols.length, "a symbol occurs twice in the draft");
  const symbolTable = planSymbolTable(symbols, sectionNumbers, symbolTableIndex);
  const planned = draft.sections.flatMap((section) => [
    planSection(section, sectionNumbers),
    ...planRelocations(section, sectionNumbers, symbolNumbers, symbolTableIndex),
  ]);
  return assembleFile(draft, [...planned, ...symbolTable]);
}

/** Index of every section of the draft; relocations follow the section that they belong to. */
function numberSections(draft: ElfDraft): {
  readonly sectionNumbers: SectionNumbers;
  readonly symbolTableIndex: number;
} {
  const numbers = new Map<DraftSection, number>();
  let next = 1;
  for (const section of draft.sections) {
    invariant(!numbers.has(section), `section "${section.name}" occurs twice in the draft`);
    numbers.set(section, next);
    next += section.relocations.length > 0 ? 2 : 1;
  }
  const count = next + 3;
  if (count >= SectionNumber.SHN_LORESERVE) {
    throw unsupported({ source: "the ELF file" }, `Cannot write ${count} sections to one file`, {
      expected: `fewer than ${SectionNumber.SHN_LORESERVE}`,
    });
  }
  return { sectionNumbers: numbers, symbolTableIndex: next };
}

function localsFirst(symbols: readonly DraftSymbol[]): readonly DraftSymbol[] {
  return [...symbols.filter(isLocal), ...symbols.filter((symbol) => !isLocal(symbol))];
}

function isLocal(symbol: DraftSymbol): boolean {
  return symbol.binding === "STB_LOCAL";
}

function planSection(section: DraftSection, numbers: SectionNumbers): PlannedSection {
  const { name, type, flags, alignment, entrySize, content, linkedTo } = section;
  const isPowerOfTwo = alignment > 0 && (alignment & (alignment - 1)) === 0;
  invariant(isPowerOfTwo, `section "${name}" is aligned to ${alignment}`);
  const hasBytes = content instanceof Uint8Array;
  invariant(hasBytes !== (type === "SHT_NOBITS"), `"${name}": contents and type differ`);
  const link = linkedTo === undefined ? 0 : numbers.get(linkedTo);
  invariant(link !== undefined, `section "${name}" goes with one that is not in the draft`);
  return { name, type, flags, link, info: 0, alignment, entrySize, content };
}

function planRelocations(
  section: DraftSection,
  sectionNumbers: SectionNumbers,
  symbolNumbers: SymbolNumbers,
  symbolTableIndex: number,
): PlannedSection[] {
  if (section.relocations.length === 0) return [];
  const writer = new ByteWriter(section.relocations.length * RELA_SIZE);
  for (const { offset, type, symbol, addend } of section.relocations) {
    const number = symbolNumbers.get(symbol);
    invariant(
      number !== undefined,
      `a relocation of "${section.name}" is against "${symbol.name}", which is not in the draft`,
    );
    invariant(offset <= sizeOfSection(section), `relocation at ${offset} of "${section.name}"`);
    writeRawRelocation(writer, {
      r_offset: BigInt(offset),
      r_type: type,
      r_sym: number,
      r_addend: addend,
    });
  }
  return [
    {
      name: `.rela${section.name}`,
      type: "SHT_RELA",
      flags: SectionFlag.SHF_INFO_LINK,
      link: symbolTableIndex,
      info: sectionNumbers.get(section) ?? 0,
      alignment: 8,
      entrySize: RELA_SIZE,
      content: writer.toBytes(),
    },
  ];
}

/** .symtab, and .strtab right after it. */
function planSymbolTable(
  symbols: readonly DraftSymbol[],
  numbers: SectionNumbers,
  index: number,
): PlannedSection[] {
  const strings = new StringTable();
  const writer = new ByteWriter((symbols.length + 1) * SYM_SIZE).zeros(SYM_SIZE);
  for (const symbol of symbols) {
    writeRawSymbol(writer, {
      st_name: strings.add(symbol.name),
      st_info: (numberOfSymbolBinding(symbol.binding) << 4) | numberOfSymbolType(symbol.type),
      st_other: numberOfSymbolVisibility(symbol.visibility),
      st_shndx: sectionNumberOf(symbol, numbers),
      st_value: symbol.value,
      st_size: symbol.size,
    });
  }
  return [
    {
      name: ".symtab",
      type: "SHT_SYMTAB",
      flags: 0n,
      link: index + 1,
      info: 1 + symbols.filter(isLocal).length,
      alignment: 8,
      entrySize: SYM_SIZE,
      content: writer.toBytes(),
    },
    stringSection(".strtab", strings),
  ];
}

function sectionNumberOf(symbol: DraftSymbol, numbers: SectionNumbers): number {
  switch (symbol.place) {
    case "undefined":
      return SectionNumber.SHN_UNDEF;
    case "absolute":
      return SectionNumber.SHN_ABS;
    case "common":
      return SectionNumber.SHN_COMMON;
    default: {
      const number = numbers.get(symbol.place);
      invariant(number !== undefined, `"${symbol.name}" lies in a section outside of the draft`);
      return number;
    }
  }
}
