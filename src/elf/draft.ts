// An ELF64 relocatable file under construction. Sections and symbols refer to each other as objects,
// not by index, so removing or moving one breaks nothing. writeElf() (write.ts) assigns the indices
// once. Symbol, string and relocation tables exist only in the written file.

import type {
  SectionTypeName,
  SymbolBindingName,
  SymbolTypeName,
  SymbolVisibilityName,
} from "./names.ts";

/** A section with contents: every section but the tables that writeElf() makes. */
export interface DraftSection {
  name: string;
  type: SectionTypeName;
  /** SHF_… (constants.ts). */
  flags: bigint;
  /** A power of two, at least 1. */
  alignment: number;
  entrySize: number;
  /** NOBITS sections have only a size, in bytes. */
  content: Uint8Array | { readonly sizeBytes: number };
  relocations: DraftRelocation[];
  /** For SHF_LINK_ORDER: the section to which this one belongs. */
  linkedTo?: DraftSection;
}

export interface DraftSymbol {
  name: string;
  /** Offset into the section, for symbols that have a section. */
  value: bigint;
  size: bigint;
  binding: SymbolBindingName;
  type: SymbolTypeName;
  visibility: SymbolVisibilityName;
  place: DraftSection | "undefined" | "absolute" | "common";
}

export interface DraftRelocation {
  /** Offset into the section's contents, in bytes. */
  offset: number;
  /** R_X86_64_… or R_AARCH64_… (isa/). */
  type: number;
  symbol: DraftSymbol;
  addend: bigint;
}

export interface ElfDraft {
  machine: number;
  osAbi: number;
  flags: number;
  /** In file order, without the null section and without the tables. */
  sections: DraftSection[];
  /** Without the null symbol. writeElf() puts local symbols first and otherwise keeps the order. */
  symbols: DraftSymbol[];
}

/** Size of a section in bytes, for any kind of contents. */
export function sizeOfSection(section: DraftSection): number {
  return section.content instanceof Uint8Array ? section.content.length : section.content.sizeBytes;
}
