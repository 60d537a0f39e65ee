// ELF files made field by field, for the tests of the model: nothing that makes payloads for users
// is trusted here. Not a test.

import { ByteWriter } from "../bytes/byte-writer.ts";
import { ElfIdent, ElfType, Machine, SectionFlag, SectionType } from "../elf/constants.ts";
import {
  EHDR_SIZE,
  ELF_MAGIC,
  type RawRelocation,
  type RawSection,
  type RawSymbol,
  RELA_SIZE,
  SHDR_SIZE,
  SYM_SIZE,
  writeRawHeader,
  writeRawRelocation,
  writeRawSection,
  writeRawSymbol,
} from "../elf/raw.ts";

export interface HandMadeSection {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** "A" alloc, "W" writable, "X" executable, "M" mergeable. */
  readonly flags?: string;
  readonly type?: number;
  readonly address?: bigint;
  readonly alignment?: bigint;
  /** In the file, as the header says; where the bytes lie when left out. */
  readonly offset?: bigint;
  /** Against symbols by name. */
  readonly relocations?: readonly HandMadeRelocation[];
}

interface HandMadeRelocation {
  readonly at: number;
  readonly type: number;
  readonly symbol: string;
  readonly addend?: bigint;
}

export interface HandMadeSymbol {
  readonly name: string;
  /** A section's name, or a number such as SHN_UNDEF. */
  readonly section: string | number;
  readonly value?: bigint;
  readonly size?: bigint;
  /** st_info; a global function when left out. */
  readonly info?: number;
}

export interface HandMadeElf {
  readonly type?: number;
  readonly machine?: number;
  readonly sections: readonly HandMadeSection[];
  readonly symbols: readonly HandMadeSymbol[];
}

const GLOBAL_FUNCTION = 0x12;
const flagOf = {
  A: SectionFlag.SHF_ALLOC,
  W: SectionFlag.SHF_WRITE,
  X: SectionFlag.SHF_EXECINSTR,
  M: SectionFlag.SHF_MERGE,
} as const;

/** Sections in the order given, then their relocations, then symbols and names. */
export function makeElf(recipe: HandMadeElf): Uint8Array {
  const strings = new Strings();
  const indexOf = (name: string) => recipe.sections.findIndex((other) => other.name === name) + 1;
  const symbols = [
    noSymbol,
    ...recipe.symbols.map((symbol) => rawSymbol(symbol, strings, indexOf)),
  ];
  const symbolIndex = (name: string) =>
    recipe.symbols.findIndex((symbol) => symbol.name === name) + 1;
  const tables = recipe.sections.filter(({ relocations }) => relocations !== undefined);
  const symbolTable = recipe.sections.length + tables.length + 1;
  const contents: Contents[] = [
    ...recipe.sections.map((section) => ({
      section: { ...rawSection(strings.add(section.name)), ...fieldsOf(section) },
      bytes: section.bytes,
      offset: section.offset,
    })),
    ...tables.map(({ name, relocations = [] }) => ({
      section: {
        ...rawSection(strings.add(`.rela${name}`)),
        sh_type: SectionType.SHT_RELA,
        sh_entsize: BigInt(RELA_SIZE),
        sh_link: symbolTable,
        sh_info: indexOf(name),
      },
      bytes: written(relocations, (writer, relocation) =>
        writeRawRelocation(writer, rawRelocation(relocation, symbolIndex)),
      ),
    })),
    {
      section: {
        ...rawSection(strings.add(".symtab")),
        sh_type: SectionType.SHT_SYMTAB,
        sh_entsize: BigInt(SYM_SIZE),
        sh_link: symbolTable + 1,
      },
      bytes: written(symbols, writeRawSymbol),
    },
  ];
  const names = rawSection(strings.add(".names"));
  contents.push({ section: { ...names, sh_type: SectionType.SHT_STRTAB }, bytes: strings.bytes() });
  return assemble(recipe, contents);
}

interface Contents {
  readonly section: Omit<RawSection, "sh_offset" | "sh_size">;
  readonly bytes: Uint8Array;
  readonly offset?: bigint | undefined;
}

function assemble(
  { type = ElfType.ET_REL, machine = Machine.EM_X86_64 }: HandMadeElf,
  contents: readonly Contents[],
): Uint8Array {
  const body = new ByteWriter();
  const placed = contents.map(({ section, bytes, offset }): RawSection => {
    body.align(16);
    const sh_offset = offset ?? BigInt(EHDR_SIZE + body.length);
    if (section.sh_type !== SectionType.SHT_NOBITS) body.bytes(bytes);
    return { ...section, sh_offset, sh_size: BigInt(bytes.length) };
  });
  body.align(16);
  const headers = [{ ...rawSection(0), sh_type: 0, sh_offset: 0n, sh_size: 0n }, ...placed];
  const file = new ByteWriter();
  writeRawHeader(file, {
    ei_mag: Uint8Array.from(ELF_MAGIC),
    ei_class: ElfIdent.ELFCLASS64,
    ei_data: ElfIdent.ELFDATA2LSB,
    ei_version: 1,
    ei_osabi: 0,
    ei_abiversion: 0,
    e_type: type,
    e_machine: machine,
    e_version: 1,
    e_entry: 0n,
    e_phoff: 0n,
    e_shoff: BigInt(EHDR_SIZE + body.length),
    e_flags: 0,
    e_ehsize: EHDR_SIZE,
    e_phentsize: 0,
    e_phnum: 0,
    e_shentsize: SHDR_SIZE,
    e_shnum: headers.length,
    e_shstrndx: headers.length - 1,
  });
  file.bytes(body.toBytes());
  for (const header of headers) writeRawSection(file, header);
  return file.toBytes();
}

function fieldsOf({ type, flags = "", address = 0n, alignment = 1n }: HandMadeSection) {
  const bits = [...flags].map((letter) => flagOf[letter as keyof typeof flagOf]);
  return {
    sh_type: type ?? SectionType.SHT_PROGBITS,
    sh_flags: bits.reduce((left, right) => left | right, 0n as bigint),
    sh_addr: address,
    sh_addralign: alignment,
  };
}

function rawSection(sh_name: number): Omit<RawSection, "sh_offset" | "sh_size"> {
  return {
    sh_name,
    sh_type: SectionType.SHT_PROGBITS,
    sh_flags: 0n,
    sh_addr: 0n,
    sh_link: 0,
    sh_info: 0,
    sh_addralign: 1n,
    sh_entsize: 0n,
  };
}

const noSymbol: RawSymbol = {
  st_name: 0,
  st_info: 0,
  st_other: 0,
  st_shndx: 0,
  st_value: 0n,
  st_size: 0n,
};

function rawSymbol(
  { name, section, value = 0n, size = 0n, info = GLOBAL_FUNCTION }: HandMadeSymbol,
  strings: Strings,
  indexOf: (section: string) => number,
): RawSymbol {
  const st_shndx = typeof section === "number" ? section : indexOf(section);
  const st_name = strings.add(name);
  return { st_name, st_info: info, st_other: 0, st_shndx, st_value: value, st_size: size };
}

function rawRelocation(
  { at, type, symbol, addend = 0n }: HandMadeRelocation,
  symbolIndex: (name: string) => number,
): RawRelocation {
  const r_sym = symbolIndex(symbol);
  return { r_offset: BigInt(at), r_type: type, r_sym, r_addend: addend };
}

function written<Item>(
  items: readonly Item[],
  write: (writer: ByteWriter, item: Item) => void,
): Uint8Array {
  const writer = new ByteWriter();
  for (const item of items) write(writer, item);
  return writer.toBytes();
}

class Strings {
  readonly #writer = new ByteWriter().u8(0);

  add(text: string): number {
    const at = this.#writer.length;
    this.#writer.bytes(Buffer.from(`${text}\0`, "latin1"));
    return at;
  }

  bytes(): Uint8Array {
    return this.#writer.toBytes();
  }
}
