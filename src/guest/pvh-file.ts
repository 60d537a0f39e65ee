// A guest's program as the ELF file that a toolstack starts in PVH mode: its pieces, and a note with the
// place where the processor begins in 32-bit mode (XEN_ELFNOTE_PHYS32_ENTRY, xen/include/public/elfnote.h).

import type { GuestImage } from "./image.ts";

const HEADER_SIZE = 52;
const PROGRAM_HEADER_SIZE = 32;
const NOTE_SIZE = 20;
const PT_LOAD = 1;
const PT_NOTE = 4;
const READ_WRITE_EXECUTE = 7;
const PHYS32_ENTRY = 18;

export function pvhFile({ entry, pieces, end }: GuestImage): Uint8Array {
  const headers = HEADER_SIZE + (pieces.length + 1) * PROGRAM_HEADER_SIZE;
  const begin = Buffer.alloc(headers + NOTE_SIZE);
  begin.write("\u007fELF\u0001\u0001\u0001", 0, "latin1");
  begin.writeUInt16LE(2, 16); // An executable
  begin.writeUInt16LE(3, 18); // for 32-bit x86,
  begin.writeUInt32LE(1, 20); // of the one version there is.
  begin.writeUInt32LE(entry, 24);
  begin.writeUInt32LE(HEADER_SIZE, 28);
  begin.writeUInt16LE(HEADER_SIZE, 40);
  begin.writeUInt16LE(PROGRAM_HEADER_SIZE, 42);
  begin.writeUInt16LE(pieces.length + 1, 44);
  let offset = begin.length;
  const last = Math.max(...pieces.map(({ address }) => address));
  for (const [index, { address, bytes }] of pieces.entries()) {
    const memorySize = address === last ? end - address : bytes.length;
    const at = HEADER_SIZE + index * PROGRAM_HEADER_SIZE;
    const words = [PT_LOAD, offset, address, address, bytes.length, memorySize];
    for (const [word, value] of [...words, READ_WRITE_EXECUTE, 1].entries()) {
      begin.writeUInt32LE(value, at + word * 4);
    }
    offset += bytes.length;
  }
  const note = HEADER_SIZE + pieces.length * PROGRAM_HEADER_SIZE;
  begin.writeUInt32LE(PT_NOTE, note);
  begin.writeUInt32LE(headers, note + 4);
  begin.writeUInt32LE(NOTE_SIZE, note + 16);
  begin.writeUInt32LE(NOTE_SIZE, note + 20);
  begin.writeUInt32LE(4, note + 24);
  begin.writeUInt32LE(4, note + 28);
  begin.writeUInt32LE(4, headers);
  begin.writeUInt32LE(4, headers + 4);
  begin.writeUInt32LE(PHYS32_ENTRY, headers + 8);
  begin.write("Xen\0", headers + 12, "latin1");
  begin.writeUInt32LE(entry, headers + 16);
  return Buffer.concat([begin, ...pieces.map(({ bytes }) => bytes)]);
}
