// The records of an ELF64 little-endian file exactly as they are stored, under the field names of the
// System V gABI (chapter 4), so that the specification can be read beside this code. No checks here,
// except that the bytes exist, which ByteReader does; read.ts and its neighbours interpret the fields.

import type { ByteReader } from "../bytes/byte-reader.ts";
import type { ByteWriter } from "../bytes/byte-writer.ts";

export const EHDR_SIZE = 64;
export const SHDR_SIZE = 64;
export const SYM_SIZE = 24;
export const RELA_SIZE = 24;
/** Bytes 0…15 of the file: the magic, class, data encoding, version, OS ABI, ABI version. */
export const IDENT_SIZE = 16;
export const ELF_MAGIC: readonly number[] = [0x7f, 0x45, 0x4c, 0x46];

/** Elf64_Ehdr with e_ident taken apart. */
export interface RawHeader {
  readonly ei_mag: Uint8Array;
  readonly ei_class: number;
  readonly ei_data: number;
  readonly ei_version: number;
  readonly ei_osabi: number;
  readonly ei_abiversion: number;
  readonly e_type: number;
  readonly e_machine: number;
  readonly e_version: number;
  readonly e_entry: bigint;
  readonly e_phoff: bigint;
  readonly e_shoff: bigint;
  readonly e_flags: number;
  readonly e_ehsize: number;
  readonly e_phentsize: number;
  readonly e_phnum: number;
  readonly e_shentsize: number;
  readonly e_shnum: number;
  readonly e_shstrndx: number;
}

/** Elf64_Shdr */
export interface RawSection {
  readonly sh_name: number;
  readonly sh_type: number;
  readonly sh_flags: bigint;
  readonly sh_addr: bigint;
  readonly sh_offset: bigint;
  readonly sh_size: bigint;
  readonly sh_link: number;
  readonly sh_info: number;
  readonly sh_addralign: bigint;
  readonly sh_entsize: bigint;
}

/** Elf64_Sym */
export interface RawSymbol {
  readonly st_name: number;
  readonly st_info: number;
  readonly st_other: number;
  readonly st_shndx: number;
  readonly st_value: bigint;
  readonly st_size: bigint;
}

/** Elf64_Rela with r_info taken apart: ELF64_R_SYM and ELF64_R_TYPE are its two halves. */
export interface RawRelocation {
  readonly r_offset: bigint;
  readonly r_type: number;
  readonly r_sym: number;
  readonly r_addend: bigint;
}

/** @throws ByteError when the data ends inside of the header */
export function readRawHeader(reader: ByteReader): RawHeader {
  const ei_mag = reader.bytes("EI_MAG", 4);
  const ei_class = reader.u8("EI_CLASS");
  const ei_data = reader.u8("EI_DATA");
  const ei_version = reader.u8("EI_VERSION");
  const ei_osabi = reader.u8("EI_OSABI");
  const ei_abiversion = reader.u8("EI_ABIVERSION");
  reader.bytes("EI_PAD", 7);
  return {
    ei_mag,
    ei_class,
    ei_data,
    ei_version,
    ei_osabi,
    ei_abiversion,
    e_type: reader.u16("e_type"),
    e_machine: reader.u16("e_machine"),
    e_version: reader.u32("e_version"),
    e_entry: reader.u64("e_entry"),
    e_phoff: reader.u64("e_phoff"),
    e_shoff: reader.u64("e_shoff"),
    e_flags: reader.u32("e_flags"),
    e_ehsize: reader.u16("e_ehsize"),
    e_phentsize: reader.u16("e_phentsize"),
    e_phnum: reader.u16("e_phnum"),
    e_shentsize: reader.u16("e_shentsize"),
    e_shnum: reader.u16("e_shnum"),
    e_shstrndx: reader.u16("e_shstrndx"),
  };
}

/** @throws ByteError when the data ends inside of the entry */
export function readRawSection(reader: ByteReader): RawSection {
  return {
    sh_name: reader.u32("sh_name"),
    sh_type: reader.u32("sh_type"),
    sh_flags: reader.u64("sh_flags"),
    sh_addr: reader.u64("sh_addr"),
    sh_offset: reader.u64("sh_offset"),
    sh_size: reader.u64("sh_size"),
    sh_link: reader.u32("sh_link"),
    sh_info: reader.u32("sh_info"),
    sh_addralign: reader.u64("sh_addralign"),
    sh_entsize: reader.u64("sh_entsize"),
  };
}

/** @throws ByteError when the data ends inside of the entry */
export function readRawSymbol(reader: ByteReader): RawSymbol {
  return {
    st_name: reader.u32("st_name"),
    st_info: reader.u8("st_info"),
    st_other: reader.u8("st_other"),
    st_shndx: reader.u16("st_shndx"),
    st_value: reader.u64("st_value"),
    st_size: reader.u64("st_size"),
  };
}

/** @throws ByteError when the data ends inside of the entry */
export function readRawRelocation(reader: ByteReader): RawRelocation {
  return {
    r_offset: reader.u64("r_offset"),
    r_type: reader.u32("r_info"),
    r_sym: reader.u32("r_info"),
    r_addend: reader.i64("r_addend"),
  };
}

/** The same without a big integer for r_offset, and without an object: objects have very many. */
export function eachRawRelocation(
  bytes: Uint8Array,
  visit: (r_offset: number, r_type: number, r_sym: number, r_addend: bigint) => void,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + RELA_SIZE <= bytes.length; at += RELA_SIZE) {
    const offset = view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
    const [type, symbol] = [view.getUint32(at + 8, true), view.getUint32(at + 12, true)];
    visit(offset, type, symbol, view.getBigInt64(at + 16, true));
  }
}

export function writeRawHeader(writer: ByteWriter, header: RawHeader): void {
  writer
    .bytes(header.ei_mag)
    .u8(header.ei_class)
    .u8(header.ei_data)
    .u8(header.ei_version)
    .u8(header.ei_osabi)
    .u8(header.ei_abiversion)
    .zeros(7)
    .u16(header.e_type)
    .u16(header.e_machine)
    .u32(header.e_version)
    .u64(header.e_entry)
    .u64(header.e_phoff)
    .u64(header.e_shoff)
    .u32(header.e_flags)
    .u16(header.e_ehsize)
    .u16(header.e_phentsize)
    .u16(header.e_phnum)
    .u16(header.e_shentsize)
    .u16(header.e_shnum)
    .u16(header.e_shstrndx);
}

export function writeRawSection(writer: ByteWriter, section: RawSection): void {
  writer
    .u32(section.sh_name)
    .u32(section.sh_type)
    .u64(section.sh_flags)
    .u64(section.sh_addr)
    .u64(section.sh_offset)
    .u64(section.sh_size)
    .u32(section.sh_link)
    .u32(section.sh_info)
    .u64(section.sh_addralign)
    .u64(section.sh_entsize);
}

export function writeRawSymbol(writer: ByteWriter, symbol: RawSymbol): void {
  writer
    .u32(symbol.st_name)
    .u8(symbol.st_info)
    .u8(symbol.st_other)
    .u16(symbol.st_shndx)
    .u64(symbol.st_value)
    .u64(symbol.st_size);
}

export function writeRawRelocation(writer: ByteWriter, relocation: RawRelocation): void {
  writer
    .u64(relocation.r_offset)
    .u32(relocation.r_type)
    .u32(relocation.r_sym)
    .i64(relocation.r_addend);
}
