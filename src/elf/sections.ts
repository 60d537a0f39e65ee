// Finding sections and looking at what they hold, by name or by address.

import { hexNumber } from "../bytes/hex.ts";
import { SectionFlag } from "./constants.ts";
import { ElfError } from "./errors.ts";
import type { SectionTypeName } from "./names.ts";
import type { ElfObject, Section } from "./object.ts";

/** The first section of that name in header order, which is the one that Xen takes too. */
export function findSection(object: ElfObject, name: string): Section | undefined {
  return object.sections.find((section) => section.name === name);
}

/** @throws ElfError elf/missing */
export function requireSection(object: ElfObject, name: string): Section {
  const section = findSection(object, name);
  if (section !== undefined) return section;
  throw new ElfError({
    code: "elf/missing",
    problem: `Cannot find section "${name}": the file has none of that name`,
    where: object.source,
  });
}

/**
 * Whether it says how the file is made, in numbers of sections and symbols: what it says is read through
 * ElfObject. Tables of strings are not among them, since a string table may be data as well.
 */
export function isTable({ type }: Section): boolean {
  return tables.includes(type);
}

const tables: readonly SectionTypeName[] = [
  "SHT_NULL",
  "SHT_SYMTAB",
  "SHT_SYMTAB_SHNDX",
  "SHT_RELA",
  "SHT_LLVM_ADDRSIG",
];

/**
 * The bytes of a section as a view of the file; empty for SHT_NOBITS and SHT_NULL, whatever their
 * size. Compressed sections (SHF_COMPRESSED) come as they lie in the file.
 */
export function contentsOf(object: ElfObject, section: Section): Uint8Array {
  if (section.type === "SHT_NOBITS" || section.type === "SHT_NULL") {
    return object.bytes.subarray(0, 0);
  }
  return object.bytes.subarray(section.offset, section.offset + section.size);
}

/**
 * The loaded section of an executable in which `length` bytes from `address` lie wholly; also one
 * without contents (SHT_NOBITS).
 */
export function findSectionAtAddress(
  object: ElfObject,
  address: bigint,
  length: number,
): Section | undefined {
  const end = address + BigInt(length);
  return object.sections.find(
    (section) =>
      (section.flags & SectionFlag.SHF_ALLOC) !== 0n &&
      section.address <= address &&
      end <= section.address + BigInt(section.size),
  );
}

/**
 * What an executable has at a virtual address when it is loaded, as a view of the file.
 * @throws ElfError elf/missing when no section with contents spans all of it
 */
export function bytesAtAddress(object: ElfObject, address: bigint, length: number): Uint8Array {
  const section = findSectionAtAddress(object, address, length);
  if (section === undefined || section.type === "SHT_NOBITS") {
    const found = section === undefined ? "no section spans them" : `"${section.name}" has none`;
    throw new ElfError({
      code: "elf/missing",
      problem: `Cannot read ${length} bytes at address ${hexNumber(address)}: ${found}`,
      where: object.source,
      expected: "an address inside of a section with contents",
    });
  }
  const start = Number(address - section.address);
  return contentsOf(object, section).subarray(start, start + length);
}
