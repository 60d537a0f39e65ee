// The bytes of a relocatable file whose sections are planned: the place of each section, the section
// headers, the ELF header.

import { ByteWriter } from "../bytes/byte-writer.ts";
import { ElfIdent, ElfType, SectionType } from "./constants.ts";
import type { ElfDraft } from "./draft.ts";
import { numberOfSectionType, type SectionTypeName } from "./names.ts";
import {
  EHDR_SIZE,
  ELF_MAGIC,
  type RawSection,
  SHDR_SIZE,
  writeRawHeader,
  writeRawSection,
} from "./raw.ts";
import { StringTable } from "./string-table.ts";

/** Alignment to more than a page is done by the loader, and would only make the file larger. */
const FILE_ALIGNMENT_MAX = 4096;

/** A section as it will be in the file, without its offset. */
export interface PlannedSection {
  readonly name: string;
  readonly type: SectionTypeName;
  readonly flags: bigint;
  readonly link: number;
  readonly info: number;
  readonly alignment: number;
  readonly entrySize: number;
  readonly content: Uint8Array | { readonly sizeBytes: number };
}

export function stringSection(name: string, strings: StringTable): PlannedSection {
  return {
    name,
    type: "SHT_STRTAB",
    flags: 0n,
    link: 0,
    info: 0,
    alignment: 1,
    entrySize: 0,
    content: strings.toBytes(),
  };
}

const NULL_SECTION: RawSection = {
  sh_name: 0,
  sh_type: SectionType.SHT_NULL,
  sh_flags: 0n,
  sh_addr: 0n,
  sh_offset: 0n,
  sh_size: 0n,
  sh_link: 0,
  sh_info: 0,
  sh_addralign: 0n,
  sh_entsize: 0n,
};

/** The file: header, contents, section headers. Adds the table of section names as the last. */
export function assembleFile(draft: ElfDraft, planned: readonly PlannedSection[]): Uint8Array {
  const names = new StringTable();
  for (const section of planned) names.add(section.name);
  names.add(".shstrtab");
  const all = [...planned, stringSection(".shstrtab", names)];
  const contents = new ByteWriter().zeros(EHDR_SIZE);
  const headers = [NULL_SECTION];
  for (const section of all) {
    contents.align(Math.min(section.alignment, FILE_ALIGNMENT_MAX));
    headers.push(rawSection(section, names.add(section.name), contents.length));
    if (section.content instanceof Uint8Array) contents.bytes(section.content);
  }
  const sectionHeaders = contents.align(8).length;
  for (const header of headers) writeRawSection(contents, header);
  const bytes = contents.toBytes();
  bytes.set(fileHeader(draft, sectionHeaders, headers.length));
  return bytes;
}

function rawSection(section: PlannedSection, name: number, offset: number): RawSection {
  const { type, flags, link, info, alignment, entrySize, content } = section;
  const size = content instanceof Uint8Array ? content.length : content.sizeBytes;
  return {
    sh_name: name,
    sh_type: numberOfSectionType(type),
    sh_flags: flags,
    sh_addr: 0n,
    sh_offset: BigInt(offset),
    sh_size: BigInt(size),
    sh_link: link,
    sh_info: info,
    sh_addralign: BigInt(alignment),
    sh_entsize: BigInt(entrySize),
  };
}

function fileHeader(draft: ElfDraft, sectionHeaders: number, count: number): Uint8Array {
  const writer = new ByteWriter(EHDR_SIZE);
  writeRawHeader(writer, {
    ei_mag: Uint8Array.from(ELF_MAGIC),
    ei_class: ElfIdent.ELFCLASS64,
    ei_data: ElfIdent.ELFDATA2LSB,
    ei_version: ElfIdent.EV_CURRENT,
    ei_osabi: draft.osAbi,
    ei_abiversion: 0,
    e_type: ElfType.ET_REL,
    e_machine: draft.machine,
    e_version: ElfIdent.EV_CURRENT,
    e_entry: 0n,
    e_phoff: 0n,
    e_shoff: BigInt(sectionHeaders),
    e_flags: draft.flags,
    e_ehsize: EHDR_SIZE,
    e_phentsize: 0,
    e_phnum: 0,
    e_shentsize: SHDR_SIZE,
    e_shnum: count,
    e_shstrndx: count - 1,
  });
  return writer.toBytes();
}
