// The program of a guest: pieces of memory, and where the processor begins. From a flat file, or from
// an ELF file of 32 or 64 bits, of which only the program headers count: System V gABI, chapter 5.

import { ByteReader } from "../bytes/byte-reader.ts";
import { hexNumber } from "../bytes/hex.ts";
import { GuestError } from "./errors.ts";
import { IMAGE_ADDRESS } from "./mailbox.ts";

export interface GuestImage {
  /** Guest-physical, as all addresses here. */
  readonly entry: number;
  readonly pieces: readonly { readonly address: number; readonly bytes: Uint8Array }[];
  /** The first address that the program does not need. */
  readonly end: number;
}

const PT_LOAD = 1;
const PROGRAM_HEADERS_MAX = 64;
/** Without paging nothing above is reachable, and no lab has more. */
const ADDRESS_MAX = 0x4000_0000;
/** A flat program may use so much behind itself as memory that it clears on its own. */
const ROOM_BEHIND_FLAT = 256 * 1024;

/** @throws GuestError guest/bad-image */
export function flatImage(bytes: Uint8Array, source: string): GuestImage {
  if (bytes.length === 0) throw badImage(source, "it is empty");
  const end = IMAGE_ADDRESS + bytes.length + ROOM_BEHIND_FLAT;
  return checked(
    { entry: IMAGE_ADDRESS, pieces: [{ address: IMAGE_ADDRESS, bytes }], end },
    source,
  );
}

export function isElf(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, 4)).toString("latin1") === "\u007fELF";
}

/** @throws GuestError guest/bad-image; ByteError when the file is cut off */
export function elfImage(bytes: Uint8Array, source: string): GuestImage {
  const is64 = bytes[4] === 2;
  if (!is64 && bytes[4] !== 1) throw badImage(source, `its ELF class is ${bytes[4] ?? "missing"}`);
  const reader = new ByteReader(bytes, source);
  const word = (field: string): number => (is64 ? Number(reader.u64(field)) : reader.u32(field));
  reader.seek(24);
  const entry = word("e_entry");
  const table = word("e_phoff");
  reader.seek(is64 ? 54 : 42);
  const entrySize = reader.u16("e_phentsize");
  const count = reader.u16("e_phnum");
  if (count === 0 || count > PROGRAM_HEADERS_MAX) {
    throw badImage(source, `it has ${count} program headers`);
  }
  const pieces: { address: number; bytes: Uint8Array }[] = [];
  let end = 0;
  for (let index = 0; index < count; index++) {
    reader.seek(table + index * entrySize);
    const header = readProgramHeader(reader, is64);
    if (header.type !== PT_LOAD || header.memorySize === 0) continue;
    reader.seek(header.offset);
    pieces.push({ address: header.address, bytes: reader.bytes("segment", header.fileSize) });
    end = Math.max(end, header.address + header.memorySize);
  }
  if (pieces.length === 0) throw badImage(source, "no segment of it is to be loaded");
  return checked({ entry, pieces, end }, source);
}

interface ProgramHeader {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
}

function readProgramHeader(reader: ByteReader, is64: boolean): ProgramHeader {
  const type = reader.u32("p_type");
  if (is64) reader.u32("p_flags");
  const word = (field: string): number => (is64 ? Number(reader.u64(field)) : reader.u32(field));
  const offset = word("p_offset");
  word("p_vaddr");
  return {
    type,
    offset,
    address: word("p_paddr"),
    fileSize: word("p_filesz"),
    memorySize: word("p_memsz"),
  };
}

function checked(image: GuestImage, source: string): GuestImage {
  for (const { address, bytes } of image.pieces) {
    if (address >= IMAGE_ADDRESS && address + bytes.length <= ADDRESS_MAX) continue;
    throw badImage(source, `it wants to lie at ${hexNumber(address)}`, {
      expected: `addresses from ${hexNumber(IMAGE_ADDRESS)} on, below ${hexNumber(ADDRESS_MAX)}: below is the guest's mailbox`,
      remedy: "link it with share/guest/guest.ld, or with --image-base",
    });
  }
  const isInside = image.pieces.some(
    ({ address, bytes }) => address <= image.entry && image.entry < address + bytes.length,
  );
  if (isInside && image.end <= ADDRESS_MAX) return image;
  throw badImage(source, `its entry point ${hexNumber(image.entry)} lies outside of it`);
}

function badImage(
  source: string,
  state: string,
  more: { readonly expected?: string; readonly remedy?: string } = {},
): GuestError {
  return new GuestError({
    code: "guest/bad-image",
    problem: `Cannot use "${source}" as a guest: ${state}`,
    expected: "a C file, an ELF file with segments to load, or a flat program",
    ...more,
  });
}
