import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toHex } from "../bytes/hex.ts";
import { disassemble } from "./disassemble.ts";
import { startsWithEndbr64 } from "./endbr64.ts";
import { decodeJump, encodeJump, jumpOffsetAt } from "./jump.ts";

const X86 = 62;
const AARCH64 = 183;

test("encodeJump() gives the bytes that Xen 4.17 was seen to write", () => {
  const entry = 0xffff82d040234b20n;
  const bytes = encodeJump(X86, entry, 0xffff82d0405b0000n);
  assert.equal(bytes && toHex(bytes), "e9dbb43700");
  // On AArch64: b +0x7d4510.
  const branch = encodeJump(AARCH64, 0x22daf0n, 0x22daf0n + 0x7d4510n);
  assert.equal(branch && toHex(branch), "44511f14");
});

test("decodeJump() is the inverse of encodeJump(), which reaches as far as the machine does", () => {
  const address = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
  const distance = fc.bigInt({ min: -(1n << 33n), max: 1n << 33n });
  fc.assert(
    fc.property(address, distance, (from, by) => {
      const to = BigInt.asUintN(64, from + by);
      const near = encodeJump(X86, from, to);
      assert.equal(near !== undefined, BigInt.asIntN(32, by - 5n) === by - 5n);
      if (near !== undefined) assert.equal(decodeJump(X86, from, near), to);
      const branch = encodeJump(AARCH64, from, to);
      assert.equal(branch !== undefined, by % 4n === 0n && BigInt.asIntN(28, by) === by);
      if (branch !== undefined) assert.equal(decodeJump(AARCH64, from, branch), to);
    }),
  );
});

test("decodeJump() gives undefined for other instructions and for cut ones", () => {
  assert.equal(decodeJump(X86, 0n, Uint8Array.of(0xe8, 0, 0, 0, 0)), undefined);
  assert.equal(decodeJump(X86, 0n, Uint8Array.of(0xe9, 0, 0, 0)), undefined);
  assert.equal(decodeJump(AARCH64, 0n, Uint8Array.of(0, 0, 0, 0x94)), undefined);
  assert.equal(decodeJump(AARCH64, 0n, Uint8Array.of(0, 0, 0)), undefined);
});

test("encodeJump() refuses a machine that it does not know", () => {
  assert.throws(() => encodeJump(40, 0n, 0n), { name: "IsaError" });
});

test("jumpOffsetAt() skips ENDBR64 and the poison of Xen, on x86-64 only", () => {
  const endbr64 = Uint8Array.of(0xf3, 0x0f, 0x1e, 0xfa, 0xc3);
  assert.ok(startsWithEndbr64(endbr64));
  assert.equal(jumpOffsetAt(X86, endbr64), 4);
  assert.equal(jumpOffsetAt(X86, Uint8Array.of(0x66, 0x0f, 0x1f, 0x01)), 4);
  assert.equal(jumpOffsetAt(X86, Uint8Array.of(0x0f, 0x1f, 0x1e)), 0);
  assert.equal(jumpOffsetAt(AARCH64, endbr64), 0);
});

test("disassemble() prints jumps and RIP-relative operands with address and name", () => {
  const code = Uint8Array.of(
    ...[0x48, 0x8d, 0x05, 0x18, 0xba, 0x16, 0x00],
    ...[0xe9, 0xdb, 0xb4, 0x37, 0x00],
    0x06,
  );
  const fields: number[] = [];
  const lines = disassemble(X86, code, {
    address: 0xffff82d040234b19n,
    resolveName: (target, fieldOffset) => {
      fields.push(fieldOffset);
      return target === 0xffff82d0405b0000n ? "new_version" : undefined;
    },
  });
  assert.deepEqual(
    lines.map(({ text }) => text),
    [
      "lea 0x16ba18(%rip),%rax # 0xffff82d0403a0538",
      "jmp 0xffff82d0405b0000 <new_version>",
      "(bad)",
    ],
  );
  assert.deepEqual(fields, [3, 8]);
  assert.deepEqual(
    lines.map(({ address, bytes }) => [address & 0xffn, bytes.length]),
    [
      [0x19n, 7],
      [0x20n, 5],
      [0x25n, 1],
    ],
  );
});

test("disassemble() says that it cannot read other machines' code", () => {
  const options = { address: 0n };
  assert.throws(() => disassemble(243, new Uint8Array(4), options), /only x86-64 and AArch64/);
});
