// One payload for each check of the ABI reference, that fails exactly that check, and a few good
// ones. Field by field, on top of those that error-codes/uploads.ts makes.

import { openElf } from "../../src/elf/open.ts";
import { requireSection } from "../../src/elf/sections.ts";
import { mutationBases, named, recipe, type ScriptPayload } from "./differential-payloads.ts";
import { tableUploads } from "./differential-tables.ts";
import { refusedUploads } from "./error-codes/uploads.ts";
import type { XenImage } from "./xen-image.ts";

export interface StandardUpload {
  readonly what: string;
  readonly bytes: Uint8Array;
}

/** What is put where: in the ELF header, or in a section's header or contents. */
interface FieldChange {
  readonly what: string;
  /** A section's name; its header, or its contents when `inside`. */
  readonly section?: string;
  readonly inside?: true;
  readonly at: number;
  readonly size: 1 | 2 | 4 | 8;
  readonly value: number;
}

const FUNCS = ".livepatch.funcs";
const RELA = ".rela.livepatch.funcs";
const ALLOC_EXECUTE_WRITE = 7;

const changes: readonly FieldChange[] = [
  { what: "another class", at: 4, size: 1, value: 1 },
  { what: "big-endian data", at: 5, size: 1, value: 2 },
  { what: "another version in the identification", at: 6, size: 1, value: 0 },
  { what: "the ABI of GNU", at: 7, size: 1, value: 3 },
  { what: "the ABI of FreeBSD", at: 7, size: 1, value: 9 },
  { what: "a version of the ABI", at: 8, size: 1, value: 1 },
  { what: "another version", at: 20, size: 4, value: 2 },
  { what: "a program header", at: 56, size: 2, value: 1 },
  { what: "flags of the machine", at: 48, size: 4, value: 5 },
  { what: "no section of names", at: 62, size: 2, value: 0 },
  { what: "1024 sections", at: 60, size: 2, value: 1024 },
  { what: "a section of names that does not exist", at: 62, size: 2, value: 1000 },
  { what: "section headers behind the end", at: 40, size: 4, value: 0x7fffffff },
  { what: "small section headers", at: 58, size: 2, value: 63 },
  { what: "large section headers", at: 58, size: 2, value: 128 },
  { what: "a section inside of the header", section: FUNCS, at: 24, size: 8, value: 63 },
  { what: "a section behind the end", section: FUNCS, at: 32, size: 8, value: 0x200000 },
  { what: "an address that is not aligned", section: FUNCS, at: 16, size: 8, value: 4 },
  { what: "zeros of more than 2 MiB", section: ".text", at: 4, size: 4, value: 8 },
  { what: "symbols of 23 bytes", section: ".symtab", at: 56, size: 8, value: 23 },
  { what: "symbols of 48 bytes", section: ".symtab", at: 56, size: 8, value: 48 },
  { what: "no symbols", section: ".symtab", at: 32, size: 8, value: 0 },
  { what: "symbols that are no symbols", section: ".symtab", at: 4, size: 4, value: 1 },
  { what: "names of symbols nowhere", section: ".symtab", at: 40, size: 4, value: 999 },
  { what: "names of symbols in a wrong section", section: ".symtab", at: 40, size: 4, value: 1 },
  {
    what: "names that do not begin with NUL",
    section: ".strtab",
    inside: true,
    at: 0,
    size: 1,
    value: 1,
  },
  { what: "names of no type", section: ".shstrtab", at: 4, size: 4, value: 1 },
  { what: "a name behind the names", section: FUNCS, at: 0, size: 4, value: 0x10000 },
  { what: "a second table of symbols", section: ".rodata.str1.1", at: 4, size: 4, value: 2 },
  { what: "writable code", section: ".text", at: 8, size: 8, value: ALLOC_EXECUTE_WRITE },
  { what: "relocations with other symbols", section: RELA, at: 40, size: 4, value: 1 },
  { what: "relocations of 23 bytes", section: RELA, at: 56, size: 8, value: 23 },
  { what: "relocations of no section", section: RELA, at: 44, size: 4, value: 999 },
  {
    what: "relocations of a section that is not loaded",
    section: ".symtab",
    at: 8,
    size: 8,
    value: 0,
  },
  { what: "relocations without addends", section: RELA, at: 4, size: 4, value: 9 },
  { what: "no relocations", section: RELA, at: 32, size: 8, value: 0 },
  { what: "a relocation against symbol 0", section: RELA, inside: true, at: 12, size: 4, value: 0 },
  {
    what: "a relocation against no symbol",
    section: RELA,
    inside: true,
    at: 12,
    size: 4,
    value: 999,
  },
  {
    what: "a relocation behind the section",
    section: RELA,
    inside: true,
    at: 0,
    size: 8,
    value: 97,
  },
  { what: "a relocation at the end", section: RELA, inside: true, at: 0, size: 8, value: 96 },
  { what: "a relocation of nothing", section: RELA, inside: true, at: 8, size: 4, value: 0 },
  { what: "a table of no entries", section: FUNCS, at: 32, size: 8, value: 0 },
  { what: "a table of half entries", section: FUNCS, at: 32, size: 8, value: 103 },
  { what: "an empty build-id", section: ".note.gnu.build-id", at: 32, size: 8, value: 0 },
  { what: "a short build-id", section: ".note.gnu.build-id", at: 32, size: 8, value: 12 },
  { what: "an owner of 3", section: ".livepatch.depends", inside: true, at: 0, size: 4, value: 3 },
  { what: "an id of 0", section: ".livepatch.depends", inside: true, at: 4, size: 4, value: 0 },
  { what: "an id of 21", section: ".livepatch.depends", inside: true, at: 4, size: 4, value: 21 },
  { what: "an id of 19", section: ".livepatch.depends", inside: true, at: 4, size: 4, value: 19 },
  {
    what: "another owner",
    section: ".livepatch.depends",
    inside: true,
    at: 12,
    size: 1,
    value: 0x58,
  },
  {
    what: "another type of xen_depends",
    section: ".livepatch.xen_depends",
    inside: true,
    at: 8,
    size: 4,
    value: 1,
  },
  { what: "xen_depends of zeros", section: ".livepatch.xen_depends", at: 4, size: 4, value: 8 },
  {
    what: "reserved bits in the expectation",
    section: FUNCS,
    inside: true,
    at: 72,
    size: 1,
    value: 0x43,
  },
  { what: "an expectation of no bytes", section: FUNCS, inside: true, at: 72, size: 1, value: 1 },
  {
    what: "an expectation that does not hold",
    section: FUNCS,
    inside: true,
    at: 72,
    size: 1,
    value: 0x0b,
  },
  {
    what: "an expectation longer than the function",
    section: FUNCS,
    inside: true,
    at: 72,
    size: 1,
    value: 0x3f,
  },
  { what: "a function marked as applied", section: FUNCS, inside: true, at: 64, size: 1, value: 2 },
  { what: "functions that are not loaded", section: FUNCS, at: 8, size: 8, value: 0 },
  {
    what: "a build-id that is not loaded",
    section: ".note.gnu.build-id",
    at: 8,
    size: 8,
    value: 0,
  },
  {
    what: "a dependency that is not loaded",
    section: ".livepatch.depends",
    at: 8,
    size: 8,
    value: 0,
  },
  { what: "names of symbols in section 0", section: ".symtab", at: 40, size: 4, value: 0 },
  { what: "relocations of section 0", section: RELA, at: 44, size: 4, value: 0 },
  { what: "functions without alignment", section: FUNCS, at: 48, size: 8, value: 0 },
  { what: "a note without alignment", section: ".note.gnu.build-id", at: 48, size: 8, value: 0 },
  { what: "no new size", section: FUNCS, inside: true, at: 24, size: 4, value: 0 },
  { what: "an old size of 5", section: FUNCS, inside: true, at: 28, size: 4, value: 5 },
  { what: "an old size of 8", section: FUNCS, inside: true, at: 28, size: 4, value: 8 },
  { what: "an old size of 9", section: FUNCS, inside: true, at: 28, size: 4, value: 9 },
];

export function standardUploads(xen: XenImage): readonly StandardUpload[] {
  const good = named("good", recipe(xen, "st", ["xen_extra_version"]));
  return [
    ...refusedUploads.map(({ what, bytes }) => ({ what, bytes: bytes(xen) })),
    ...changes.map((change) => ({ what: change.what, bytes: changed(good, change) })),
    ...tableUploads(xen),
    { what: "a section whose size wraps around", bytes: wrapped(good) },
    { what: "alignments that overflow", bytes: overflowing(good) },
    { what: "xen_depends of zeros far away", bytes: farZeros(good, 1n << 40n) },
    { what: "xen_depends of zeros in front of the file", bytes: farZeros(good, -(1n << 20n)) },
    ...mutationBases(xen).map(({ name, bytes }) => ({ what: `nothing wrong (${name})`, bytes })),
  ];
}

function changed({ bytes }: ScriptPayload, change: FieldChange): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const view = new DataView(copy.buffer);
  const at = startOf(bytes, view, change) + change.at;
  for (let byte = 0; byte < change.size; byte++) {
    view.setUint8(at + byte, byte < 4 ? (change.value >>> (8 * byte)) & 0xff : 0);
  }
  return copy;
}

/** Ends before it begins, in 64 bits. */
function wrapped({ bytes }: ScriptPayload): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const view = new DataView(copy.buffer);
  const what = { what: "", section: ".rodata.str1.1", at: 0, size: 8, value: 0 } as const;
  view.setBigUint64(startOf(bytes, view, what) + SH_SIZE, (1n << 64n) - 64n, true);
  return copy;
}

/** Rounded up twice, the size of read-only data has more than 64 bits. */
function overflowing({ bytes }: ScriptPayload): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const view = new DataView(copy.buffer);
  for (const section of [".livepatch.depends", ".livepatch.xen_depends"]) {
    const header = startOf(bytes, view, { what: "", section, at: 0, size: 8, value: 0 });
    view.setBigUint64(header + SH_ADDRALIGN, 1n << 63n, true);
  }
  return copy;
}

/** SHT_NOBITS, whose offset Xen does not compare with the end of the file. */
function farZeros({ bytes }: ScriptPayload, offset: bigint): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const view = new DataView(copy.buffer);
  const section = ".livepatch.xen_depends";
  const header = startOf(bytes, view, { what: "", section, at: 0, size: 8, value: 0 });
  view.setUint32(header + SH_TYPE, SHT_NOBITS, true);
  view.setBigUint64(header + SH_OFFSET, BigInt.asUintN(64, offset), true);
  return copy;
}

const SH_TYPE = 4;
const SHT_NOBITS = 8;
const SH_OFFSET = 24;
const SH_SIZE = 32;
const SH_ADDRALIGN = 48;
const E_SHOFF = 40;
const SECTION_HEADER_SIZE = 64;

function startOf(bytes: Uint8Array, view: DataView, { section, inside }: FieldChange): number {
  if (section === undefined) return 0;
  const { index, offset } = requireSection(openElf(bytes, "payload"), section);
  if (inside) return offset;
  return Number(view.getBigUint64(E_SHOFF, true)) + index * SECTION_HEADER_SIZE;
}
