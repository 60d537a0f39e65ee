// ELF64 little-endian for x86-64 and AArch64: reading (lazy, with every field checked), editing,
// writing.

export {
  ElfIdent,
  ElfType,
  GnuNoteType,
  Machine,
  nameOfElfType,
  nameOfMachine,
  namesOfSectionFlags,
  SectionFlag,
  SectionNumber,
} from "./constants.ts";
export {
  type DraftRelocation,
  type DraftSection,
  type DraftSymbol,
  type ElfDraft,
  sizeOfSection,
} from "./draft.ts";
export { draftFrom } from "./draft-from.ts";
export { type ElfEdit, editElf } from "./edit.ts";
export { ElfError, type ElfErrorCode, type ElfPlace } from "./errors.ts";
export type {
  SectionTypeName,
  SymbolBindingName,
  SymbolTypeName,
  SymbolVisibilityName,
} from "./names.ts";
export { type ElfNote, encodeNote, findBuildId, notesOf } from "./notes.ts";
export {
  type ElfHeader,
  type ElfObject,
  type ElfSymbol,
  type Relocation,
  type RelocationTables,
  type Section,
  type SectionIndex,
  type SectionList,
  type SymbolIndex,
  type SymbolList,
  type SymbolPlace,
  sectionIndex,
  symbolIndex,
} from "./object.ts";
export { openElf } from "./open.ts";
export { type ReadElfOptions, readElf } from "./read.ts";
export { relocationsOf } from "./relocations.ts";
export {
  bytesAtAddress,
  contentsOf,
  findSection,
  findSectionAtAddress,
  requireSection,
} from "./sections.ts";
export { ELF_SIZE_MAX } from "./size-limit.ts";
export {
  findSymbol,
  localSymbolsWithFiles,
  requireSymbol,
  type SymbolWithFile,
  symbolsNamed,
} from "./symbols.ts";
export { writeElf } from "./write.ts";
