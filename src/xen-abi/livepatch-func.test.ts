import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteReader } from "../bytes/byte-reader.ts";
import { ByteWriter } from "../bytes/byte-writer.ts";
import { toHex } from "../bytes/hex.ts";
import { makeExpectation } from "./expectation.ts";
import {
  LIVEPATCH_FUNC_SIZE,
  livepatchFuncState,
  readLivepatchFunc,
  writeLivepatchFunc,
  zeroReserved,
} from "./livepatch-func.ts";
import { parseRelease } from "./release.ts";

for (const version of [1, 2] as const) {
  test(`writeLivepatchFunc() writes any entry of version ${version} as it was read`, () => {
    const size = LIVEPATCH_FUNC_SIZE[version];
    fc.assert(
      fc.property(fc.uint8Array({ minLength: size, maxLength: size }), (bytes) => {
        const writer = new ByteWriter();
        writeLivepatchFunc(writer, readLivepatchFunc(new ByteReader(bytes, "test"), version));
        assert.equal(toHex(writer.toBytes()), toHex(bytes));
      }),
    );
  });
}

test("writeLivepatchFunc() puts every field where the reference has it", () => {
  const writer = new ByteWriter();
  writeLivepatchFunc(writer, {
    nameAddress: 0x1111n,
    newAddress: 0x2222n,
    oldAddress: 0xffff82d040234b20n,
    newSize: 0x33,
    oldSize: 0x44,
    version: 2,
    reserved: zeroReserved(2),
    expectation: makeExpectation(Uint8Array.of(0xf3, 0x0f, 0x1e, 0xfa, 0x90)),
  });
  const hex = toHex(writer.toBytes());
  assert.equal(
    hex.slice(0, 66),
    `1111${"0".repeat(12)}2222${"0".repeat(12)}204b2340d082ffff330000004400000002`,
  );
  assert.equal(hex.slice(66, 144), "0".repeat(78));
  // LSB first: enabled = 1, len = 5 make 0x0B.
  assert.equal(hex.slice(144), `0bf30f1efa90${"0".repeat(52)}`);
});

test("livepatchFuncState() knows the three layouts of the middle of an entry", () => {
  const state = (text: string) => livepatchFuncState(parseRelease(text));
  assert.deepEqual(state("4.13.5"), { opaque: 33, applied: undefined, patchOffset: undefined });
  assert.deepEqual(state("4.14.4"), { opaque: 33, applied: 64, patchOffset: undefined });
  for (const text of ["4.14.5", "4.15.3", "4.16.1", "4.17.2", "4.18.0"]) {
    assert.deepEqual(state(text), { opaque: 33, applied: 64, patchOffset: 65 }, text);
  }
  for (const text of ["4.17.3", "4.18.1", "4.19.0", "4.22.0"]) {
    assert.equal(state(text), undefined, text);
  }
});
