import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseHex, toHex } from "../bytes/hex.ts";
import { Aarch64Relocation } from "./aarch64.ts";
import { canRelocate, nameOfRelocation, type RelocationFailure, relocate } from "./relocate.ts";
import { X86Relocation } from "./x86.ts";

const X86 = 62;
const AARCH64 = 183;
const { R_X86_64_NONE, R_X86_64_64, R_X86_64_PC32, R_X86_64_PLT32, R_X86_64_32S } = X86Relocation;
const A = Aarch64Relocation;

const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const i64 = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n });

test("relocate() stores S + A - P for PC32 and PLT32 exactly when it fits", () => {
  const distance = fc.bigInt({ min: -(1n << 33n), max: 1n << 33n });
  const type = fc.constantFrom(R_X86_64_PC32, R_X86_64_PLT32);
  fc.assert(
    fc.property(type, u64, distance, fc.integer(), (type, place, by, addend) => {
      const symbol = BigInt.asUintN(64, place + by - BigInt(addend));
      const request = { type, symbol, addend: BigInt(addend), place };
      const bytes = new Uint8Array(6);
      const failure = relocate(X86, request, bytes, 1);
      if (BigInt.asIntN(32, by) === by) {
        assert.equal(failure, undefined);
        assert.equal(new DataView(bytes.buffer).getInt32(1, true), Number(by));
        assert.deepEqual([bytes[0], bytes[5]], [0, 0]);
      } else {
        assert.deepEqual(failure, { kind: "overflow", value: by, type });
        assert.deepEqual(bytes, new Uint8Array(6));
      }
    }),
  );
});

test("relocate() fills in the call of the example in mod.ts", () => {
  const body = parseHex("4883ec08e800000000");
  const place = 0xffff82d0405b0005n;
  const request = { type: R_X86_64_PLT32, symbol: 0xffff82d040218730n, addend: -4n, place };
  assert.equal(relocate(X86, request, body, 5), undefined);
  assert.equal(toHex(body), "4883ec08e82787c6ff");
});

test("relocate() stores S + A for R_X86_64_64, whatever it is", () => {
  fc.assert(
    fc.property(u64, i64, (symbol, addend) => {
      const bytes = new Uint8Array(8);
      const request = { type: R_X86_64_64, symbol, addend, place: 0n };
      assert.equal(relocate(X86, request, bytes, 0), undefined);
      const stored = new DataView(bytes.buffer).getBigUint64(0, true);
      assert.equal(stored, BigInt.asUintN(64, symbol + addend));
    }),
  );
});

test("relocate() leaves the bytes alone for R_X86_64_NONE", () => {
  const bytes = new Uint8Array(0);
  const request = { type: R_X86_64_NONE, symbol: 1n, addend: 0n, place: 0n };
  assert.equal(relocate(X86, request, bytes, 0), undefined);
});

test("relocate() says what prevents it", () => {
  const failureOf = (
    machine: number,
    type: number,
    offset: number,
  ): RelocationFailure | undefined =>
    relocate(machine, { type, symbol: 0n, addend: 0n, place: 0n }, new Uint8Array(8), offset);
  assert.deepEqual(failureOf(X86, R_X86_64_32S, 0), { kind: "unsupported-type", type: 11 });
  assert.deepEqual(failureOf(AARCH64, A.R_AARCH64_NONE, 0), { kind: "unsupported-type", type: 0 });
  assert.deepEqual(failureOf(40, 2, 0), { kind: "unsupported-type", type: 2 });
  assert.deepEqual(failureOf(X86, R_X86_64_PC32, 5), { kind: "outside", offset: 5, sizeBytes: 4 });
  // Xen wants four bytes even for a field of two.
  const short = { kind: "outside", offset: 5, sizeBytes: 4 };
  assert.deepEqual(failureOf(AARCH64, A.R_AARCH64_ABS16, 5), short);
  assert.equal(failureOf(AARCH64, A.R_AARCH64_ABS16, 4), undefined);
});

/** An instruction word before and after, as objdump prints words. */
function relocatedWord(word: number, type: number, symbol: bigint, place: bigint): string {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, word, true);
  const failure = relocate(AARCH64, { type, symbol, addend: 0n, place }, bytes, 0);
  return failure === undefined ? toHex(bytes.reverse()) : failure.kind;
}

const instructions: readonly (readonly [string, number, number, bigint, bigint, string])[] = [
  ["bl forwards", 0x94000000, A.R_AARCH64_CALL26, 0x1000n, 0x0n, "94000400"],
  ["b backwards", 0x14000000, A.R_AARCH64_JUMP26, 0x0n, 0x4n, "17ffffff"],
  ["b too far", 0x14000000, A.R_AARCH64_JUMP26, 0x8000000n, 0x0n, "overflow"],
  ["b just near enough", 0x14000000, A.R_AARCH64_JUMP26, 0x7fffffcn, 0x0n, "15ffffff"],
  ["b.eq", 0x54000000, A.R_AARCH64_CONDBR19, 0x100000n, 0x4n, "547fffe0"],
  ["b.eq too far", 0x54000000, A.R_AARCH64_CONDBR19, 0x100000n, 0x0n, "overflow"],
  ["tbz", 0x36000000, A.R_AARCH64_TSTBR14, 0x8n, 0x0n, "36000040"],
  ["tbz, which Xen cuts", 0x36000000, A.R_AARCH64_TSTBR14, 0x10000n, 0x0n, "36000000"],
  ["adrp", 0x90000000, A.R_AARCH64_ADR_PREL_PG_HI21, 0x5123n, 0x2ffcn, "f0000000"],
  ["adrp too far", 0x90000000, A.R_AARCH64_ADR_PREL_PG_HI21, 1n << 32n, 0x0n, "overflow"],
  ["adr", 0x10000000, A.R_AARCH64_ADR_PREL_LO21, 0x0n, 0x1n, "70ffffe0"],
  ["add", 0x91000000, A.R_AARCH64_ADD_ABS_LO12_NC, 0x12345n, 0x0n, "910d1400"],
  ["ldr x", 0xf9400000, A.R_AARCH64_LDST64_ABS_LO12_NC, 0x12348n, 0x0n, "f941a400"],
  ["ldr q", 0x3dc00000, A.R_AARCH64_LDST128_ABS_LO12_NC, 0x12340n, 0x0n, "3dc0d000"],
  ["movz g0", 0xd2800000, A.R_AARCH64_MOVW_UABS_G0, 0xffffn, 0x0n, "d29fffe0"],
  ["movz g0 too large", 0xd2800000, A.R_AARCH64_MOVW_UABS_G0, 0x10000n, 0x0n, "overflow"],
  ["movk g1", 0xf2a00000, A.R_AARCH64_MOVW_UABS_G1_NC, 0x123456789n, 0x0n, "f2a468a0"],
  ["movz signed", 0xd2800000, A.R_AARCH64_MOVW_SABS_G0, 5n, 0x0n, "d28000a0"],
  ["movn signed", 0xd2800000, A.R_AARCH64_MOVW_SABS_G0, (1n << 64n) - 1n, 0x0n, "92800000"],
  ["movn relative", 0xd2800000, A.R_AARCH64_MOVW_PREL_G0, 0x0n, 0x10000n, "929fffe0"],
  ["movn too far", 0xd2800000, A.R_AARCH64_MOVW_PREL_G0, 0x0n, 0x10001n, "overflow"],
];

for (const [name, word, type, symbol, place, expected] of instructions) {
  test(`relocate() puts the value into AArch64 instructions: ${name}`, () => {
    assert.equal(relocatedWord(word, type, symbol, place), expected);
  });
}

test("relocate() keeps all bits of an AArch64 instruction but those of its field", () => {
  const word = fc.nat(0xffffffff);
  fc.assert(
    fc.property(word, fc.integer({ min: -(2 ** 25), max: 2 ** 25 - 1 }), (before, words) => {
      const place = 1n << 40n;
      const symbol = place + BigInt(words) * 4n;
      const after = Number.parseInt(relocatedWord(before, A.R_AARCH64_CALL26, symbol, place), 16);
      assert.equal(after >>> 26, before >>> 26);
      assert.equal((after << 6) >> 6, words);
    }),
  );
});

test("nameOfRelocation() names what is known and numbers the rest", () => {
  assert.equal(nameOfRelocation(X86, 4), "R_X86_64_PLT32");
  assert.equal(nameOfRelocation(AARCH64, 283), "R_AARCH64_CALL26");
  assert.equal(nameOfRelocation(X86, 4000), "R_X86_64_4000");
  assert.equal(nameOfRelocation(40, 2), "R_0x28_2");
});

test("canRelocate() accepts what Xen's loader accepts", () => {
  const accepted = Object.values(X86Relocation).filter((type) => canRelocate(X86, type));
  assert.deepEqual(accepted, [R_X86_64_NONE, R_X86_64_64, R_X86_64_PC32, R_X86_64_PLT32]);
  assert.equal(canRelocate(AARCH64, A.R_AARCH64_ADR_GOT_PAGE), false);
});
