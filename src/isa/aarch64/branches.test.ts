import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteWriter } from "../../bytes/byte-writer.ts";
import { findAarch64Branches } from "./branches.ts";

const words = (...values: readonly number[]): Uint8Array =>
  values.reduce((writer, value) => writer.u32(value), new ByteWriter()).toBytes();

test("findAarch64Branches() finds each form with its target, as gas encodes it", () => {
  const code = words(
    0x94000002, // bl   8
    0x17ffffff, // b    0
    0x54000040, // b.eq 16
    0xb4ffffe0, // cbz  x0, 8
    0x36180040, // tbz  w0, #3, 24
    0x10000060, // adr  x0, 32
    0x58000040, // ldr  x0, 32
    0x90000000, // adrp x0, 0
    0xd503201f, // nop
  );
  assert.deepEqual(
    findAarch64Branches(code).map(({ offset, kind, target }) => [offset, kind, target]),
    [
      [0, "call", 8],
      [4, "jump", 0],
      [8, "conditional-jump", 16],
      [12, "conditional-jump", 8],
      [16, "conditional-jump", 24],
      [20, "address", 32],
      [24, "literal", 32],
    ],
  );
});
