import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHex } from "../bytes/hex.ts";
import { entryRoomOf } from "./entry-room.ts";
import type { LinkSymbol } from "./payload-below.ts";

const xen = {
  architecture: "x86_64",
  bytesAt: (address: bigint) => parseHex(address === 1n ? "f30f1efa" : "554889e5"),
} as const;

const symbol = (more: Partial<LinkSymbol>): LinkSymbol => ({
  name: "f",
  bareName: "f",
  address: undefined,
  sizeBytes: 8,
  kind: "function",
  isInit: false,
  ...more,
});

test("entryRoomOf() counts the landing mark where there is one, in Xen and in payloads", () => {
  assert.equal(entryRoomOf(symbol({ address: 1n }), xen), 9);
  assert.equal(entryRoomOf(symbol({ address: 2n }), xen), 5);
  assert.equal(entryRoomOf(symbol({ code: parseHex("f30f1efa90909090") }), xen), 9);
  assert.equal(entryRoomOf(symbol({ code: parseHex("554889e5905dc300") }), xen), 5);
  assert.equal(entryRoomOf(symbol({}), { ...xen, architecture: "aarch64" }), 4);
});
