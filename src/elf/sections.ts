// Finds sections and reads their contents, by name or by address.

import { hexNumber } from "../bytes/hex.ts";
import { SectionFlag } from "./constants.ts";
import { ElfError } from "./errors.ts";
import type { SectionTypeName } from "./names.ts";
import type { ElfObject, Section } from "./object.ts";

/** The first section of that name in header order; Xen takes the first, too. */
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
 * Whether the section describes the file itself, by section and symbol numbers; ElfObject gives access
 * to that. String tables are not included, because a string table may also be data.
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
 * The bytes of a section as a view of the file; empty for SHT_NOBITS and SHT_NULL, whatever their size.
 * Compressed sections (SHF_COMPRESSED) are returned compressed.
 */
export function contentsOf(object: ElfObject, section: Section): Uint8Array {
  if (section.type === "SHT_NOBITS" || section.type === "SHT_NULL") {
    return object.bytes.subarray(0, 0);
  }
  return object.bytes.subarray(section.offset, section.offset + section.size);
}

/**
 * The loaded section of an executable that contains all `length` bytes from `address`; this includes
 * sections without contents (SHT_NOBITS).
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
 * The bytes at a virtual address of a loaded executable, as a view of the file.
 * @throws ElfError elf/missing when no section with contents contains all of them
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
