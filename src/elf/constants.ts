// The numbers of the System V gABI (chapter 4) and of the x86-64 and AArch64 supplements that we read
// or write, under the names of the specification. Only raw.ts and the code that reads and writes its
// records use numbers; all other code uses names (names.ts), which print themselves.

import { hexNumber } from "../bytes/hex.ts";

/** e_ident */
export const ElfIdent = {
  ELFCLASS32: 1,
  ELFCLASS64: 2,
  ELFDATA2LSB: 1,
  ELFDATA2MSB: 2,
  EV_CURRENT: 1,
  ELFOSABI_NONE: 0,
  ELFOSABI_GNU: 3,
  ELFOSABI_FREEBSD: 9,
} as const;

/** e_type */
export const ElfType = { ET_NONE: 0, ET_REL: 1, ET_EXEC: 2, ET_DYN: 3, ET_CORE: 4 } as const;

/** e_machine */
export const Machine = {
  EM_386: 3,
  EM_PPC64: 21,
  EM_S390: 22,
  EM_ARM: 40,
  EM_X86_64: 62,
  EM_AARCH64: 183,
  EM_RISCV: 243,
} as const;

/** sh_type */
export const SectionType = {
  SHT_NULL: 0,
  SHT_PROGBITS: 1,
  SHT_SYMTAB: 2,
  SHT_STRTAB: 3,
  SHT_RELA: 4,
  SHT_HASH: 5,
  SHT_DYNAMIC: 6,
  SHT_NOTE: 7,
  SHT_NOBITS: 8,
  SHT_REL: 9,
  SHT_DYNSYM: 11,
  SHT_INIT_ARRAY: 14,
  SHT_FINI_ARRAY: 15,
  SHT_PREINIT_ARRAY: 16,
  SHT_GROUP: 17,
  SHT_SYMTAB_SHNDX: 18,
  SHT_RELR: 19,
  SHT_LLVM_ADDRSIG: 0x6fff4c03,
  SHT_GNU_HASH: 0x6ffffff6,
  SHT_GNU_VERDEF: 0x6ffffffd,
  SHT_GNU_VERNEED: 0x6ffffffe,
  SHT_GNU_VERSYM: 0x6fffffff,
  SHT_X86_64_UNWIND: 0x70000001,
} as const;

/** sh_flags; a 64-bit field */
export const SectionFlag = {
  SHF_WRITE: 0x1n,
  SHF_ALLOC: 0x2n,
  SHF_EXECINSTR: 0x4n,
  SHF_MERGE: 0x10n,
  SHF_STRINGS: 0x20n,
  SHF_INFO_LINK: 0x40n,
  SHF_LINK_ORDER: 0x80n,
  SHF_OS_NONCONFORMING: 0x100n,
  SHF_GROUP: 0x200n,
  SHF_TLS: 0x400n,
  SHF_COMPRESSED: 0x800n,
  SHF_GNU_RETAIN: 0x200000n,
  SHF_EXCLUDE: 0x80000000n,
} as const;

/** st_shndx and the like: reserved values that are not section numbers */
export const SectionNumber = {
  SHN_UNDEF: 0,
  SHN_LORESERVE: 0xff00,
  SHN_ABS: 0xfff1,
  SHN_COMMON: 0xfff2,
  SHN_XINDEX: 0xffff,
} as const;

/** The upper four bits of st_info */
export const SymbolBinding = {
  STB_LOCAL: 0,
  STB_GLOBAL: 1,
  STB_WEAK: 2,
  STB_GNU_UNIQUE: 10,
} as const;

/** The lower four bits of st_info */
export const SymbolType = {
  STT_NOTYPE: 0,
  STT_OBJECT: 1,
  STT_FUNC: 2,
  STT_SECTION: 3,
  STT_FILE: 4,
  STT_COMMON: 5,
  STT_TLS: 6,
  STT_GNU_IFUNC: 10,
} as const;

/** The lower two bits of st_other */
export const SymbolVisibility = {
  STV_DEFAULT: 0,
  STV_INTERNAL: 1,
  STV_HIDDEN: 2,
  STV_PROTECTED: 3,
} as const;

/** n_type of notes whose owner is "GNU" */
export const GnuNoteType = { NT_GNU_BUILD_ID: 3, NT_GNU_PROPERTY_TYPE_0: 5 } as const;

export function nameOfElfType(type: number): string {
  return nameIn(ElfType, type, "ET");
}

export function nameOfMachine(machine: number): string {
  return nameIn(Machine, machine, "EM");
}

/** `SHF_ALLOC|SHF_EXECINSTR`; bits without a name are one hexadecimal number at the end; `0` for none. */
export function namesOfSectionFlags(flags: bigint): string {
  const known = Object.entries(SectionFlag).filter(([, bit]) => (flags & bit) !== 0n);
  const rest = known.reduce((left, [, bit]) => left & ~bit, flags);
  const names = known.map(([name]) => name);
  if (rest !== 0n || names.length === 0) names.push(rest === 0n ? "0" : hexNumber(rest));
  return names.join("|");
}

/** Every value has a name, including values that are not listed here: `ET_0xfe00`. */
function nameIn(names: Readonly<Record<string, number>>, value: number, prefix: string): string {
  const known = Object.entries(names).find(([, number]) => number === value);
  return known?.[0] ?? `${prefix}_${hexNumber(value)}`;
}
