import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { startsWithEndbr64, startsWithPoisonedEndbr } from "../isa/endbr64.ts";
import { type ComparedBytes, cutIntoChunks } from "./chunks.ts";

/** Rich in what landing marks are made of. */
const byte = fc.constantFrom(0xf3, 0x0f, 0x1e, 0xfa, 0x66, 0x1f, 0x01, 0x90);
const cell = fc.record({ byte, known: fc.integer({ min: 0, max: 7 }).map((roll) => roll > 0) });
const someCode = fc.array(cell, { maxLength: 200 }).map(
  (cells): ComparedBytes => ({
    bytes: Uint8Array.from(cells, (one) => one.byte),
    isCompared: (offset) => cells[offset]?.known === true,
  }),
);

test("cutIntoChunks() covers every byte that can be compared, once, but for those that it names", () => {
  fc.assert(
    fc.property(someCode, fc.constantFrom("x86_64", "aarch64"), (code, architecture) => {
      const { chunks, skipped } = cutIntoChunks(code, architecture);
      const covered = chunks.flatMap(({ offset, bytes }) => {
        assert.ok(bytes.length >= 1 && bytes.length <= 31);
        assert.deepEqual(bytes, code.bytes.slice(offset, offset + bytes.length));
        return [...bytes.keys()].map((index) => offset + index);
      });
      const wanted = [...code.bytes.keys()].filter((offset) => code.isCompared(offset));
      assert.deepEqual(
        [...covered, ...skipped].sort((left, right) => left - right),
        wanted,
      );
    }),
  );
});

test("cutIntoChunks() starts no entry where memory could hold a landing mark", () => {
  fc.assert(
    fc.property(someCode, fc.array(byte, { minLength: 204, maxLength: 204 }), (code, filling) => {
      // Memory has what is compared, and anything elsewhere.
      const memory = Uint8Array.from(filling, (any, offset) =>
        code.isCompared(offset) ? (code.bytes[offset] ?? 0) : any,
      );
      for (const { offset } of cutIntoChunks(code, "x86_64").chunks) {
        const found = memory.subarray(offset);
        assert.ok(!startsWithEndbr64(found) && !startsWithPoisonedEndbr(found), `${offset}`);
      }
    }),
  );
});

test("cutIntoChunks() takes a byte from the entry before rather than leave a landing mark out", () => {
  const bytes = new Uint8Array(64).fill(0x90);
  bytes.set([0xf3, 0x0f, 0x1e, 0xfa], 31);
  const { chunks, skipped } = cutIntoChunks({ bytes, isCompared: () => true }, "x86_64");
  assert.deepEqual(
    chunks.map(({ offset, bytes }) => [offset, bytes.length]),
    [
      [0, 30],
      [30, 31],
      [61, 3],
    ],
  );
  assert.deepEqual(skipped, []);
});

test("cutIntoChunks() leaves whole instructions to Arm", () => {
  const code = { bytes: new Uint8Array(64), isCompared: () => true };
  const { chunks } = cutIntoChunks(code, "aarch64");
  assert.deepEqual(
    chunks.map(({ bytes }) => bytes.length),
    [28, 28, 8],
  );
});
