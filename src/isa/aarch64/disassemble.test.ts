import assert from "node:assert/strict";
import { test } from "node:test";
import { disassemble } from "../disassemble.ts";
import { nameOperand } from "../name-operand.ts";
import { findCodeReferences } from "./code-references.ts";

const AARCH64 = 183;
const ADDRESS = 0xa0000200000n;

function bytesOf(...words: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(words).buffer);
}

function targetsOf(...words: readonly number[]): readonly (string | undefined)[] {
  return findCodeReferences(bytesOf(...words), ADDRESS).map(({ target }) => target?.toString(16));
}

const ADRP_X0 = 0xb0000080; // adrp x0, ADDRESS + 0x11000
const ADD_X0 = 0x91004000; // add x0, x0, #0x10
const LDR_X1 = 0xf9400401; // ldr x1, [x0, #8]
const RET = 0xd65f03c0;

test("disassemble() prints AArch64 with addresses, and the names of what two halves refer to", () => {
  const code = bytesOf(0x94000004, 0x54000041, 0x36180040, ADRP_X0, ADD_X0, 0xa9bf7bfd, RET, 1);
  const names = new Map([
    [ADDRESS + 0x10n, "f"],
    [ADDRESS + 0x11010n, "table"],
  ]);
  const resolveName = (target: bigint) => names.get(target);
  const lines = disassemble(AARCH64, code, { address: ADDRESS, resolveName });
  assert.deepEqual(
    lines.map(({ text }) => text),
    [
      "bl 0xa0000200010 <f>",
      "b.ne 0xa000020000c",
      "tbz w0, #3, 0xa0000200010 <f>",
      "adrp x0, 0xa0000211000 <table>",
      "add x0, x0, #0x10 <:lo12:table>",
      "stp x29, x30, [sp, #-0x10]!",
      "ret",
      "udf #1",
    ],
  );
  assert.deepEqual(
    lines.map(({ address, bytes }) => [address, bytes.length]),
    lines.map((_, index) => [ADDRESS + BigInt(index * 4), 4]),
  );
  assert.equal(nameOperand(lines[3]?.text ?? ""), "adrp x0, table");
  assert.equal(nameOperand(lines[4]?.text ?? ""), "add x0, x0, :lo12:table");
  assert.equal(nameOperand("ldr x1, [x0] <:lo12:a>"), "ldr x1, [x0, :lo12:a]");
});

test("disassemble() goes on behind words and bytes that are no instruction of AArch64", () => {
  const code = Uint8Array.of(...bytesOf(0xffffffff, RET), 1, 2);
  assert.deepEqual(
    disassemble(AARCH64, code, { address: 0n }).map(({ text }) => text),
    [".inst 0xffffffff", "ret", "(bad)"],
  );
  assert.deepEqual(disassemble(AARCH64, new Uint8Array(), { address: 0n }), []);
});

test("disassemble() reads AArch64 code of any size, with an address for each instruction", () => {
  const code = new Uint8Array(Uint32Array.from({ length: 10_000 }, () => 0x14000001).buffer);
  const lines = disassemble(AARCH64, code, { address: ADDRESS });
  assert.equal(lines.length, 10_000);
  const last = ADDRESS + 39_996n;
  assert.deepEqual(
    [lines.at(-1)?.address, lines.at(-1)?.text],
    [last, `b 0x${(last + 4n).toString(16)}`],
  );
});

test("findCodeReferences() joins a page with each use of it", () => {
  assert.deepEqual(targetsOf(ADRP_X0, 0xd503201f, LDR_X1, ADD_X0), [
    "a0000211008",
    "a0000211008",
    "a0000211010",
  ]);
});

test("findCodeReferences() joins the page of an ADR that a linker has put in", () => {
  assert.deepEqual(targetsOf(0x10000000, ADD_X0), ["a0000200010", "a0000200010"]);
});

const forgotten: Readonly<Record<string, number>> = {
  "it is overwritten": 0xaa0103e0, // mov x0, x1
  "a pair is loaded into it": 0xa9400041, // ldp x1, x0, [x2]
  "it is moved by an access": 0xf8408401, // ldr x1, [x0], #8
  "a call may change it": 0x94000004,
  "a call by register may change it": 0xd63f0020,
  "the flow ends": RET,
};
for (const [why, word] of Object.entries(forgotten)) {
  test(`findCodeReferences() knows no page in a register any more when ${why}`, () => {
    const targets = targetsOf(ADRP_X0, word, ADD_X0);
    assert.equal(targets[0], undefined);
    assert.equal(targets.at(-1), undefined);
  });
}

test("findCodeReferences() keeps a page across a call where the call leaves its register alone", () => {
  // adrp x19; bl; ldr x1, [x19, #8]
  assert.equal(targetsOf(0xb0000093, 0x94000004, 0xf9400661).at(-1), "a0000211008");
});
