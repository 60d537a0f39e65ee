// The contents of an ELF64 file as they were read: everything `readonly`, numbers converted once. The
// names sh_…, st_…, r_… of the System V gABI are written in full here; raw.ts keeps them. Section
// contents are read lazily through ElfObject (read.ts). To change a file, see draft.ts.

import type { Branded } from "../bytes/brand.ts";
import type {
  SectionTypeName,
  SymbolBindingName,
  SymbolTypeName,
  SymbolVisibilityName,
} from "./names.ts";

/** Position in the section header table; 0 is the null section. */
export type SectionIndex = Branded<number, "SectionIndex">;
/** Position in the symbol table; 0 is the null symbol. */
export type SymbolIndex = Branded<number, "SymbolIndex">;

/** Brands a number from a file; the caller checks whether such a section exists. */
export function sectionIndex(value: number): SectionIndex {
  return value as SectionIndex;
}

/** As sectionIndex(). */
export function symbolIndex(value: number): SymbolIndex {
  return value as SymbolIndex;
}

export interface ElfHeader {
  /** ET_REL, ET_EXEC, … (constants.ts). */
  readonly type: number;
  readonly machine: number;
  readonly osAbi: number;
  readonly abiVersion: number;
  readonly flags: number;
  readonly entry: bigint;
}

export interface Section {
  readonly index: SectionIndex;
  readonly name: string;
  readonly type: SectionTypeName;
  /** SHF_… (constants.ts). */
  readonly flags: bigint;
  /** Virtual address; 0 in relocatable files. */
  readonly address: bigint;
  /** Offset of the contents in the file, in bytes. */
  readonly offset: number;
  /** In bytes; SHT_NOBITS sections have a size and no contents. */
  readonly size: number;
  readonly link: number;
  readonly info: number;
  /** 0 and 1 both mean "none"; kept as found. */
  readonly alignment: number;
  readonly entrySize: number;
}

/** Where a symbol is defined: st_shndx with its special values as separate cases. */
export type SymbolPlace =
  | { readonly kind: "undefined" }
  | { readonly kind: "absolute" }
  | { readonly kind: "common" }
  | { readonly kind: "section"; readonly index: SectionIndex };

export interface ElfSymbol {
  readonly index: SymbolIndex;
  readonly name: string;
  readonly value: bigint;
  readonly size: bigint;
  readonly binding: SymbolBindingName;
  readonly type: SymbolTypeName;
  readonly visibility: SymbolVisibilityName;
  readonly place: SymbolPlace;
}

export interface Relocation {
  /** Offset into the section that is relocated, in bytes. */
  readonly offset: number;
  /** R_X86_64_… or R_AARCH64_… (isa/). */
  readonly type: number;
  readonly symbol: SymbolIndex;
  readonly addend: bigint;
}

/** An array at run time; an index of another kind, or a plain number, does not compile. */
export interface SectionList extends ArrayMethods<Section> {
  readonly [index: SectionIndex]: Section;
}

/** As SectionList. */
export interface SymbolList extends ArrayMethods<ElfSymbol> {
  readonly [index: SymbolIndex]: ElfSymbol;
}

type ArrayMethods<Item> = Omit<readonly Item[], number>;

/** An opened file. `sections[0]` is the null section; `symbols` is read and checked on first use. */
export interface ElfObject {
  /** The name of the file in messages. */
  readonly source: string;
  readonly bytes: Uint8Array;
  readonly header: ElfHeader;
  readonly sections: SectionList;
  /** The section with the names of all sections; 0 when sections have no names. */
  readonly nameTable: SectionIndex;
  /** The static symbol table with the null symbol at 0; empty when the file has none. */
  readonly symbols: SymbolList;
  /** Made on first use. */
  readonly relocationTables: RelocationTables;
}

/** Which sections hold relocations. */
export interface RelocationTables {
  /** SHT_RELA sections by the section that they relocate, in the order of the headers. */
  readonly bySection: ReadonlyMap<SectionIndex, readonly Section[]>;
  /** SHT_REL sections, and those that relocate a section which does not exist; relocations.ts says why. */
  readonly unreadable: readonly Section[];
}
