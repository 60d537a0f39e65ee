import assert from "node:assert/strict";
import { test } from "node:test";
import type { XenSymbol } from "../running/xen-syms.ts";
import { placeOf } from "./watched-memory.ts";

function symbol(name: string, address: bigint, sizeBytes: number): XenSymbol {
  return { name, bareName: name, address, sizeBytes, kind: "other", isInit: false };
}

const mask = symbol("hvm.c#mask", 0x1000n, 16);
const next = symbol("next", 0x1010n, 24);
const after = symbol("after", 0x1030n, 8);
const symbols = {
  byName: new Map([mask, next, after].map((one) => [one.name, one])),
  locals: new Map([["mask", [mask]]]),
};
const hole = { kind: "memory", symbol: "mask", offset: 40, becomes: "ffffffffffffffff" } as const;

test("placeOf() finds the bytes between two variables, by the name that the source has", () => {
  assert.deepEqual(placeOf(hole, symbols), { kind: "place", address: 0x1028n, length: 8 });
});

test("placeOf() looks into the named variable itself", () => {
  assert.equal(placeOf({ ...hole, offset: 8 }, symbols).kind, "place");
});

test("placeOf() refuses bytes of which another variable has even one", () => {
  for (const offset of [16, 39, 33, 41]) {
    const place = placeOf({ ...hole, offset }, symbols);
    assert.match(place.kind === "none" ? place.words : "", /lies there/, `${offset}`);
  }
});

test("placeOf() tells of a hypervisor without the variable", () => {
  const place = placeOf({ ...hole, symbol: "other" }, symbols);
  assert.match(place.kind === "none" ? place.words : "", /does not have/);
});
