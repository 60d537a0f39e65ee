import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteError, ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { HexError, parseHex, toHex } from "./hex.ts";

test("ByteReader reads back whatever ByteWriter wrote", () => {
  const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
  const i32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  fc.assert(
    fc.property(fc.array(fc.tuple(u64, i32, fc.uint8Array())), (records) => {
      const writer = new ByteWriter();
      for (const [wide, signed, blob] of records) {
        writer.u64(wide).i32(signed).u32(blob.length).bytes(blob).align(8);
      }
      const reader = new ByteReader(writer.toBytes(), "test");
      for (const [wide, signed, blob] of records) {
        assert.equal(reader.u64("wide"), wide);
        assert.equal(reader.i32("signed"), signed);
        assert.deepEqual(reader.bytes("blob", reader.u32("length")), blob);
        reader.seek(Math.ceil(reader.offset / 8) * 8);
      }
      assert.equal(reader.remaining, 0);
    }),
  );
});

test("ByteReader names the field, the source and the offset at which the data ends", () => {
  const reader = new ByteReader(new Uint8Array(6), '"x.livepatch"');
  reader.u32("sh_name");
  assert.throws(
    () => reader.u32("sh_type"),
    new ByteError({
      code: "bytes/truncated",
      problem: "Cannot read sh_type: the data ends at 0x6",
      where: '"x.livepatch", offset 0x4',
      expected: "4 more bytes",
    }),
  );
});

test("ByteWriter takes a number that does not fit for a bug of ours", () => {
  assert.throws(() => new ByteWriter().u8(256), /Bug in xsplice: 256 does not fit a u8/);
  assert.throws(() => new ByteWriter().u64(-1n), /does not fit a u64/);
});

test("parseHex() is the inverse of toHex()", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => assert.deepEqual(parseHex(toHex(bytes)), bytes)),
  );
});

test("parseHex() refuses half a byte and foreign characters", () => {
  assert.throws(() => parseHex("abc"), HexError);
  assert.throws(() => parseHex("zz"), HexError);
});
