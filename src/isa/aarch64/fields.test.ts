import assert from "node:assert/strict";
import { test } from "node:test";
import { Aarch64Relocation as R } from "../aarch64.ts";
import { relocate } from "../relocate.ts";
import {
  type Aarch64Field,
  fieldOfDistance,
  fieldOfRelocation,
  isSameInstruction,
  referenceIn,
} from "./fields.ts";

const EM_AARCH64 = 183;
const PLACE = 0x200140n;

function fieldOf(type: number): Aarch64Field {
  const field = fieldOfRelocation(type);
  assert.ok(field);
  return field;
}

/** A word whose field says where `symbol` is, as a linker would write it. */
function linked(type: number, word: number, symbol: bigint): number {
  const bytes = new Uint8Array(4);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, word, true);
  const request = { type, symbol, addend: 0n, place: PLACE };
  assert.equal(relocate(EM_AARCH64, request, bytes, 0), undefined);
  return view.getUint32(0, true);
}

/** What relocate() writes, referenceIn() reads. */
const words: readonly (readonly [
  name: keyof typeof R,
  word: number,
  found: (at: bigint) => bigint,
])[] = [
  ["R_AARCH64_CALL26", 0x94000000, (at) => at],
  ["R_AARCH64_JUMP26", 0x14000000, (at) => at],
  ["R_AARCH64_CONDBR19", 0x54000001, (at) => at],
  ["R_AARCH64_ADR_PREL_LO21", 0x10000003, (at) => at],
  ["R_AARCH64_ADR_PREL_PG_HI21", 0x90000003, (at) => at & ~0xfffn],
  ["R_AARCH64_ADD_ABS_LO12_NC", 0x91000063, (at) => at & 0xfffn],
  ["R_AARCH64_LDST8_ABS_LO12_NC", 0x39400061, (at) => at & 0xfffn],
  ["R_AARCH64_LDST64_ABS_LO12_NC", 0xf9400061, (at) => at & 0xff8n],
];
for (const [name, word, found] of words) {
  test(`referenceIn() reads back what ${name} has put into an instruction`, () => {
    for (const symbol of [0x2012a8n, 0x200008n, PLACE - 0x88n]) {
      const field = fieldOf(R[name]);
      const now = linked(R[name], word, symbol);
      assert.equal(referenceIn(field, now, PLACE), found(symbol));
      assert.ok(isSameInstruction(field, word, now));
      assert.ok(!isSameInstruction(field, word, now ^ 1) || name.endsWith("26"));
    }
  });
}

test("isSameInstruction() takes an ADR for the ADRP of a near page, which referenceIn() reads, too", () => {
  const field = fieldOf(R.R_AARCH64_ADR_PREL_PG_HI21);
  const adr = linked(R.R_AARCH64_ADR_PREL_LO21, 0x10000003, 0x201000n);
  assert.ok(isSameInstruction(field, 0x90000003, adr));
  assert.ok(!isSameInstruction(field, 0x90000004, adr));
  assert.equal(referenceIn(field, adr, PLACE), 0x201000n);
});

test("fieldOfDistance() knows branches by their words, and nothing of others", () => {
  // tbz w0, #3, .+8; ldr x0, .+16; add x0, x0, #1
  assert.equal(referenceIn(fieldOfDistance(0x36180040) as Aarch64Field, 0x36180040, 0n), 8n);
  assert.equal(referenceIn(fieldOfDistance(0x58000080) as Aarch64Field, 0x58000080, 0n), 16n);
  assert.equal(fieldOfDistance(0x91000400), undefined);
  assert.equal(fieldOfRelocation(R.R_AARCH64_MOVW_UABS_G0), undefined);
});
