import assert from "node:assert/strict";
import { test } from "node:test";
import type { ListedPayload } from "../host/host.ts";
import { LISTED_PAYLOADS_MAX, requirePlausible } from "./plausible-list.ts";

function listOf(...names: readonly string[]): readonly ListedPayload[] {
  return names.map((name) => ({ name, status: { kind: "applied" }, metadata: [] }));
}

function many(count: number): readonly ListedPayload[] {
  return listOf(...Array.from({ length: count }, (_, index) => `p${index}`));
}

test("requirePlausible() takes what Xen can have", () => {
  const list = listOf("fix", "__proto__", "constructor", "ä".repeat(63));
  assert.equal(requirePlausible(list, "a host"), list);
  assert.equal(requirePlausible(many(LISTED_PAYLOADS_MAX), "a host").length, LISTED_PAYLOADS_MAX);
  assert.deepEqual(requirePlausible([], "a host"), []);
});

const lies: readonly (readonly [string, readonly ListedPayload[], RegExp])[] = [
  ["more than Xen has room for", many(LISTED_PAYLOADS_MAX + 1), /it has 4097 payloads/],
  ["a name twice", listOf("fix", "other", "fix"), /it has "fix" twice/],
  ["a name that is too long", listOf("x".repeat(128)), /a name in it has 128 bytes/],
  ["a name of many bytes", listOf("ä".repeat(64)), /a name in it has 128 bytes/],
  ["no name", listOf(""), /a name in it has 0 bytes/],
];
for (const [what, list, problem] of lies) {
  test(`requirePlausible() refuses ${what}`, () => {
    assert.throws(() => requirePlausible(list, "ssh:root@evil"), problem);
  });
}
