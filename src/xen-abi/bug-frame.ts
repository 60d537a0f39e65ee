// Entries of `.bug_frames.N`: where code reports a warning, bug or failed assertion: ABI reference
// §1.8. Displacements are relative to the start of the frame.

import type { ByteReader } from "../bytes/byte-reader.ts";
import type { ByteWriter } from "../bytes/byte-writer.ts";
import { invariant } from "../invariant.ts";
import type { Architecture } from "../isa/architecture.ts";
import { hasFeature } from "./features.ts";
import { compareReleases, type Release } from "./release.ts";

/** Index is the N of `.bug_frames.N`; x86 in all releases, Arm from 4.15 on. */
export const bugFrameTypes = ["run-function", "warn", "bug", "assert"] as const;
/** Arm 4.8 - 4.14 has three types, numbered from 0. */
const oldArmBugFrameTypes = ["warn", "bug", "assert"] as const;
export type BugFrameType = (typeof bugFrameTypes)[number];

/** The meaning of `.bug_frames.N` in that release, in the order of N. */
export function bugFrameTypesOf(
  release: Release,
  architecture: Architecture,
): readonly BugFrameType[] {
  const renumbered = compareReleases(release, { major: 4, minor: 15, point: 0 }) >= 0;
  return architecture === "x86_64" || renumbered ? bugFrameTypes : oldArmBugFrameTypes;
}

/** Xen checks that a section's size is a multiple of this, in bytes. */
export const BUG_FRAME_UNIT = { x86_64: 8, aarch64: 16 } as const;

/** The instruction at a frame's location (x86). */
export function bugMarkerOf(release: Release): Uint8Array {
  return hasFeature(release, "one-byte-bug-marker")
    ? Uint8Array.of(0xd6)
    : Uint8Array.of(0x0f, 0x0b);
}

export interface BugFrame {
  /** Offset to the instruction. */
  readonly location: number;
  /** Offset to the file name, or to the function of `run-function`. */
  readonly pointer: number;
  readonly line: number;
  /** Offset to the text of a failed assertion; x86 has it only there. */
  readonly message: number | undefined;
}

const DISPLACEMENT_BITS = 24;
const LINE_PART_BITS = 7;
const LINE_PART_MASK = (1 << LINE_PART_BITS) - 1;

/** 16 bytes for an assertion, 8 for the rest. */
export function readX86BugFrame(reader: ByteReader, type: BugFrameType): BugFrame {
  const location = splitWord(reader.i32("loc_disp"));
  const pointer = splitWord(reader.i32("ptr_disp"));
  const line = (location.linePart << LINE_PART_BITS) + pointer.linePart;
  const common = { location: location.displacement, pointer: pointer.displacement, line };
  if (type !== "assert") return { ...common, message: undefined };
  reader.i32("pad");
  return { ...common, message: reader.i32("msg_disp") };
}

/** With a message the frame is one of an assertion. */
export function writeX86BugFrame(writer: ByteWriter, frame: BugFrame): void {
  invariant(frame.line >= 0 && frame.line < 1 << (2 * LINE_PART_BITS), `line ${frame.line}`);
  writer.i32(joinWord(frame.location, frame.line >> LINE_PART_BITS));
  writer.i32(joinWord(frame.pointer, frame.line & LINE_PART_MASK));
  if (frame.message !== undefined) writer.i32(0).i32(frame.message);
}

// Xen's headers add `displacement + (part << 24)` as whole words, so a negative displacement takes one
// from the part of the line above it; reading reverses that.
function splitWord(word: number): { displacement: number; linePart: number } {
  const displacement = (word << (32 - DISPLACEMENT_BITS)) >> (32 - DISPLACEMENT_BITS);
  const borrowed = displacement < 0 ? 1 : 0;
  return { displacement, linePart: ((word >> DISPLACEMENT_BITS) + borrowed) & LINE_PART_MASK };
}

function joinWord(displacement: number, linePart: number): number {
  const limit = 1 << (DISPLACEMENT_BITS - 1);
  invariant(displacement >= -limit && displacement < limit, `displacement ${displacement}`);
  return (displacement + (linePart << DISPLACEMENT_BITS)) | 0;
}

/** 16 bytes for every type. */
export function readArmBugFrame(reader: ByteReader): BugFrame {
  const location = reader.i32("loc_offset");
  const pointer = reader.i32("file_offset");
  const message = reader.i32("msg_offset");
  const line = reader.u16("line");
  reader.u16("pad0");
  return { location, pointer, line, message };
}

export function writeArmBugFrame(writer: ByteWriter, frame: BugFrame): void {
  writer
    .i32(frame.location)
    .i32(frame.pointer)
    .i32(frame.message ?? 0);
  writer.u16(frame.line).u16(0);
}
