// The ELF header of a payload, checked in Xen's order: ABI reference §1.1, §2.2.

import { ByteReader } from "../../bytes/byte-reader.ts";
import { ElfIdent, ElfType } from "../../elf/constants.ts";
import { EHDR_SIZE, ELF_MAGIC, type RawHeader, readRawHeader, SHDR_SIZE } from "../../elf/raw.ts";
import { SECTION_COUNT_MAX } from "../../xen-abi/limits.ts";
import type { Hypervisor } from "../hypervisor.ts";
import { type RefusalDetails, refuse } from "../verdict.ts";

const said = {
  noElf: "Not an ELF payload",
  badElf: "Invalid ELF payload",
  machine: "Unsupported ELF Machine type",
} as const;

/** Offsets of the fields that a refusal points at. */
const E_VERSION = 20;
const E_MACHINE = 18;
const E_SHOFF = 40;
const E_SHENTSIZE = 58;
const E_SHNUM = 60;
const E_SHSTRNDX = 62;

export function checkHeader(bytes: Uint8Array, xen: Hypervisor): RawHeader {
  if (bytes.length < EHDR_SIZE) {
    refuse("header/length", "EINVAL", `the file has ${bytes.length} bytes`);
  }
  const header = readRawHeader(new ByteReader(bytes, "payload"));
  checkKind(header, xen);
  checkSectionTable(header, bytes.length);
  return header;
}

function checkKind(header: RawHeader, xen: Hypervisor): void {
  if (ELF_MAGIC.some((byte, index) => header.ei_mag[index] !== byte)) {
    refuse("header/magic", "EINVAL", "it does not begin with the magic of ELF", at(0, said.noElf));
  }
  const isKnownAbi =
    header.ei_osabi === ElfIdent.ELFOSABI_NONE || header.ei_osabi === ElfIdent.ELFOSABI_FREEBSD;
  const isPayload =
    header.e_version === ElfIdent.EV_CURRENT &&
    header.ei_version === ElfIdent.EV_CURRENT &&
    header.ei_abiversion === 0 &&
    isKnownAbi &&
    header.e_type === ElfType.ET_REL &&
    header.e_phnum === 0;
  if (!isPayload) {
    const words = "version, OS ABI, type or program headers are not those of a payload";
    refuse("header/kind", "EOPNOTSUPP", words, at(E_VERSION, said.badElf));
  }
  const isOurMachine =
    header.e_machine === xen.machine &&
    header.ei_class === ElfIdent.ELFCLASS64 &&
    (xen.architecture !== "x86_64" || header.ei_data === ElfIdent.ELFDATA2LSB);
  if (!isOurMachine) {
    const words = `it is for machine ${header.e_machine}, class ${header.ei_class}`;
    refuse("header/machine", "EOPNOTSUPP", words, at(E_MACHINE, said.machine));
  }
}

function checkSectionTable(header: RawHeader, length: number): void {
  const { e_shstrndx, e_shnum, e_shoff, e_shentsize } = header;
  if (e_shstrndx === 0) {
    refuse("header/name-section", "EINVAL", "no section has the names", at(E_SHSTRNDX));
  }
  if (e_shnum > SECTION_COUNT_MAX) {
    refuse("header/section-count", "EOPNOTSUPP", `it has ${e_shnum} sections`, at(E_SHNUM));
  }
  if (e_shstrndx >= e_shnum) {
    const words = `section ${e_shstrndx} should have the names, of ${e_shnum}`;
    refuse("header/name-section", "EINVAL", words, at(E_SHSTRNDX));
  }
  if (e_shoff >= BigInt(length)) {
    const words = "the section headers are past the end of the file";
    refuse("header/section-table", "EINVAL", words, at(E_SHOFF));
  }
  if (e_shentsize < SHDR_SIZE) {
    const words = `a section header has ${e_shentsize} bytes`;
    refuse("header/section-table", "EINVAL", words, at(E_SHENTSIZE));
  }
  if (Math.floor((length - Number(e_shoff)) / e_shentsize) < e_shnum) {
    const words = "the file ends inside of the section headers";
    refuse("header/section-table", "EINVAL", words, at(E_SHOFF));
  }
}

function at(offset: number, ...console: readonly string[]): RefusalDetails {
  return { place: { offset }, console };
}
