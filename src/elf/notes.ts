// Notes (gABI chapter 5, "Note Section"): owner, type and descriptor.

import { ByteReader } from "../bytes/byte-reader.ts";
import { ByteWriter } from "../bytes/byte-writer.ts";
import { hexNumber } from "../bytes/hex.ts";
import { GnuNoteType } from "./constants.ts";
import { malformed, truncated } from "./errors.ts";
import type { ElfObject, Section } from "./object.ts";
import { contentsOf } from "./sections.ts";

export interface ElfNote {
  /** The owner, without the final NUL: `GNU`. */
  readonly owner: string;
  readonly type: number;
  readonly descriptor: Uint8Array;
}

const HEADER_SIZE = 12;

/**
 * The notes of one section, in order.
 * @throws ElfError elf/truncated when a note reaches past the end, elf/malformed when the owner's
 * name is not ended by a NUL
 */
export function notesOf(object: ElfObject, section: Section): readonly ElfNote[] {
  const bytes = contentsOf(object, section);
  const reader = new ByteReader(bytes, object.source);
  // Sections aligned to 8 pad to 8 (.note.gnu.property), all others to 4, as binutils does it.
  const alignment = section.alignment === 8 ? 8 : 4;
  const notes: ElfNote[] = [];
  while (reader.remaining > 0) {
    const place = { source: object.source, section, offset: section.offset + reader.offset };
    if (reader.remaining < HEADER_SIZE) {
      throw truncated(place, "Cannot read a note: the section ends in its header", "12 bytes");
    }
    const nameSize = reader.u32("n_namesz");
    const descriptorSize = reader.u32("n_descsz");
    const type = reader.u32("n_type");
    const start = reader.offset - HEADER_SIZE;
    const descriptorStart = alignUp(start + HEADER_SIZE + nameSize, alignment);
    if (descriptorStart + descriptorSize > bytes.length) {
      throw truncated(
        place,
        `Cannot read a note: ${nameSize} bytes of name and ${descriptorSize} of descriptor`,
        `at most ${hexNumber(bytes.length)} bytes, the size of the section`,
      );
    }
    const name = reader.bytes("name", nameSize);
    if (nameSize > 0 && name.indexOf(0) !== nameSize - 1) {
      throw malformed(place, "Cannot read a note: no NUL ends its owner's name", "one at its end");
    }
    reader.seek(descriptorStart);
    const descriptor = reader.bytes("descriptor", descriptorSize);
    const owner = Buffer.from(name.subarray(0, -1)).toString("latin1");
    notes.push({ owner, type, descriptor });
    reader.seek(Math.min(alignUp(reader.offset, alignment), bytes.length));
  }
  return notes;
}

/** A note as it is stored in a section that is aligned to 4. */
export function encodeNote(note: ElfNote): Uint8Array {
  const name = Buffer.from(`${note.owner}\0`, "latin1");
  return new ByteWriter()
    .u32(name.length)
    .u32(note.descriptor.length)
    .u32(note.type)
    .bytes(name)
    .align(4)
    .bytes(note.descriptor)
    .align(4)
    .toBytes();
}

/** The descriptor of the first NT_GNU_BUILD_ID note of any note section. */
export function findBuildId(object: ElfObject): Uint8Array | undefined {
  return object.sections
    .filter((section) => section.type === "SHT_NOTE")
    .flatMap((section) => notesOf(object, section))
    .find((note) => note.owner === "GNU" && note.type === GnuNoteType.NT_GNU_BUILD_ID)?.descriptor;
}

/** NT_GNU_BUILD_ID, and the owner "GNU". */
const BUILD_ID_NOTE = Buffer.from([3, 0, 0, 0, 0x47, 0x4e, 0x55, 0]);
const ID_SIZES = { min: 8, max: 64 };

/**
 * The build-id of a file that is no ELF64, such as what a boot loader takes: found by the header of
 * its note, wherever that lies.
 */
export function findBuildIdIn(bytes: Uint8Array): Uint8Array | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = file.indexOf(BUILD_ID_NOTE); at >= 0; at = file.indexOf(BUILD_ID_NOTE, at + 1)) {
    if (at < 8 || file.readUInt32LE(at - 8) !== 4) continue;
    const size = file.readUInt32LE(at - 4);
    const start = at + BUILD_ID_NOTE.length;
    if (size < ID_SIZES.min || size > ID_SIZES.max || start + size > file.length) continue;
    return bytes.subarray(start, start + size);
  }
  return undefined;
}

function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}
