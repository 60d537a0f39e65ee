import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteReader } from "../bytes/byte-reader.ts";
import { ByteWriter } from "../bytes/byte-writer.ts";
import { toHex } from "../bytes/hex.ts";
import {
  ALTERNATIVE_SIZE,
  type Alternative,
  alternativeLayoutOf,
  readAlternative,
  writeAlternative,
} from "./alternatives.ts";
import {
  type BugFrame,
  bugFrameTypesOf,
  bugMarkerOf,
  readArmBugFrame,
  readX86BugFrame,
  writeArmBugFrame,
  writeX86BugFrame,
} from "./bug-frame.ts";
import { encodeBuildIdNote, readBuildIdNote } from "./build-id-note.ts";
import {
  EXCEPTION_ENTRY_SIZE,
  readExceptionEntry,
  writeExceptionEntry,
} from "./exception-table.ts";
import { decodeModinfo, encodeModinfo } from "./modinfo.ts";
import { parseRelease } from "./release.ts";

const i24 = fc.integer({ min: -(2 ** 23), max: 2 ** 23 - 1 });
const i32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const u8 = fc.nat(255);
const u16 = fc.nat(65535);

function readerOf(write: (writer: ByteWriter) => void): ByteReader {
  const writer = new ByteWriter();
  write(writer);
  return new ByteReader(writer.toBytes(), "test");
}

test("readX86BugFrame() gives back displacements and lines in spite of the borrow", () => {
  const frame: fc.Arbitrary<BugFrame> = fc.record({
    location: i24,
    pointer: i24,
    line: fc.nat(16383),
    message: fc.option(i32, { nil: undefined }),
  });
  fc.assert(
    fc.property(frame, (value) => {
      const reader = readerOf((writer) => writeX86BugFrame(writer, value));
      const type = value.message === undefined ? "bug" : "assert";
      assert.equal(reader.length, type === "assert" ? 16 : 8);
      assert.deepEqual(readX86BugFrame(reader, type), { ...value });
    }),
  );
});

test("readX86BugFrame() reads the line as the reference computes it", () => {
  const reader = readerOf((writer) => {
    // loc_disp = -2 with line_hi 3, ptr_disp = 5 with line_lo 9.
    writer.i32(-2 + (3 << 24)).i32(5 + (9 << 24));
  });
  assert.deepEqual(readX86BugFrame(reader, "warn"), {
    location: -2,
    pointer: 5,
    line: 3 * 128 + 9,
    message: undefined,
  });
});

test("readArmBugFrame() is the inverse of writeArmBugFrame()", () => {
  const frame = fc.record({ location: i32, pointer: i32, line: u16, message: i32 });
  fc.assert(
    fc.property(frame, (value) => {
      const reader = readerOf((writer) => writeArmBugFrame(writer, value));
      assert.equal(reader.length, 16);
      assert.deepEqual(readArmBugFrame(reader), { ...value });
    }),
  );
});

test("bugFrameTypesOf() and bugMarkerOf() follow the release", () => {
  assert.equal(bugFrameTypesOf(parseRelease("4.14.6"), "aarch64")[0], "warn");
  assert.equal(bugFrameTypesOf(parseRelease("4.15.0"), "aarch64")[0], "run-function");
  assert.equal(bugFrameTypesOf(parseRelease("4.7.0"), "x86_64")[0], "run-function");
  assert.equal(toHex(bugMarkerOf(parseRelease("4.21.0"))), "0f0b");
  assert.equal(toHex(bugMarkerOf(parseRelease("4.22.0"))), "d6");
});

test("readAlternative() is the inverse of writeAlternative() in both layouts", () => {
  const alternative: fc.Arbitrary<Alternative> = fc.record({
    originalOffset: i32,
    replacementOffset: i32,
    feature: u16,
    originalSize: u8,
    replacementSize: u8,
    paddingSize: fc.option(u8, { nil: undefined }),
  });
  fc.assert(
    fc.property(alternative, (value) => {
      const layout = value.paddingSize === undefined ? "plain" : "padded";
      const reader = readerOf((writer) => writeAlternative(writer, value));
      assert.equal(reader.length, ALTERNATIVE_SIZE[layout]);
      assert.deepEqual(readAlternative(reader, layout), { ...value });
    }),
  );
});

test("alternativeLayoutOf() is padded on x86 from 4.11 on only", () => {
  assert.equal(alternativeLayoutOf(parseRelease("4.10.4"), "x86_64"), "plain");
  assert.equal(alternativeLayoutOf(parseRelease("4.11.0"), "x86_64"), "padded");
  assert.equal(alternativeLayoutOf(parseRelease("4.17.5"), "aarch64"), "plain");
});

test("readExceptionEntry() is the inverse of writeExceptionEntry()", () => {
  fc.assert(
    fc.property(fc.record({ addressOffset: i32, continuationOffset: i32 }), (value) => {
      const reader = readerOf((writer) => writeExceptionEntry(writer, value));
      assert.equal(reader.length, EXCEPTION_ENTRY_SIZE);
      assert.deepEqual(readExceptionEntry(reader), { ...value });
    }),
  );
});

test("readBuildIdNote() finds the id that encodeBuildIdNote() wrote", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (id) => {
      const note = readBuildIdNote(encodeBuildIdNote(id));
      assert.equal(note.kind, "id");
      assert.equal(toHex(note.id), toHex(id));
      assert.equal(note.offset, 16);
    }),
  );
});

test("readBuildIdNote() refuses what Xen refuses, in Xen's order", () => {
  const good = encodeBuildIdNote(new Uint8Array(20));
  const changed = (offset: number, byte: number) => readBuildIdNote(good.with(offset, byte));
  const errno = (note: ReturnType<typeof readBuildIdNote>) =>
    note.kind === "refused" ? note.errno : "none";
  assert.equal(errno(readBuildIdNote(good.subarray(0, 12))), "EINVAL");
  assert.equal(errno(changed(8, 4)), "ENODATA");
  assert.equal(errno(changed(0, 3)), "EINVAL");
  assert.equal(errno(changed(4, 21)), "EINVAL");
  assert.equal(errno(changed(12, 0x58)), "ENODATA");
  assert.equal(errno(changed(4, 0)), "EINVAL");
  assert.equal(errno(changed(0, 0xff)), "EINVAL");
});

test("decodeModinfo() is the inverse of encodeModinfo()", () => {
  const text = fc.string({ unit: "grapheme" }).filter((value) => !value.includes("\0"));
  fc.assert(
    fc.property(fc.array(text), (strings) => {
      assert.deepEqual(decodeModinfo(encodeModinfo(strings)), strings);
    }),
  );
});
