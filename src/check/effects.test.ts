// What a check shows of the code that payloads change: each place once, before and after.

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHex } from "../bytes/hex.ts";
import { check } from "./check.test.support.ts";
import {
  alphaEntry,
  betaEntry,
  goodParts,
  goodPayload,
  idOf,
  makeElf,
  OLD_CODE,
  R_X86_64_64,
  withHook,
  withParts,
  withSection,
} from "./fixtures.test.support.ts";

test("checkPayloads() shows the code at each entry before and after", () => {
  const entries = [
    { old: "alpha", by: "newer_alpha", expectation: "e9" },
    { old: "gamma", by: { nopBytes: 0 }, expectation: OLD_CODE },
  ];
  const [, upper] = check([
    goodPayload(),
    goodPayload({ id: "22", depends: idOf("11"), entries }),
  ]).payloads;
  const [alpha, gamma] = upper?.effects ?? [];
  assert.equal(alpha?.effect, "patched-again");
  assert.match(alpha?.before ?? "", /^e9/);
  // Both are jumps into payloads, for which the allocator finds places.
  assert.match(alpha?.after ?? "", /^e9\?{8}00/);
  assert.deepEqual(gamma?.effect, "unchanged");
  assert.equal(gamma?.before, gamma?.after);
});

test("checkPayloads() shows no effect at a payload's own marker", () => {
  const parts = withParts(
    goodParts({ entries: [alphaEntry, { old: "own_marker", by: { nopBytes: 1 } }] }),
    [{ name: ".text.marker", flags: "AX", bytes: parseHex("cc".repeat(31)) }],
    [{ name: "own_marker", section: ".text.marker" }],
  );
  const marked = withSection(parts, ".livepatch.funcs", ({ relocations = [] }) => ({
    relocations: [...relocations, { at: 104 + 16, type: R_X86_64_64, symbol: "own_marker" }],
  }));
  const report = check([makeElf(marked)]);
  assert.equal(report.outcome, "clean");
  assert.deepEqual(
    report.payloads[0]?.effects.map(({ name }) => name),
    ["alpha"],
  );
});

test("checkPayloads() shows a function once that is looked at in many places", () => {
  const look = { old: "alpha", by: { nopBytes: 0 }, expectation: OLD_CODE };
  const other = { old: "gamma", by: { nopBytes: 0 }, expectation: OLD_CODE };
  const entries = [look, look, other, other, alphaEntry];
  const [payload] = check([goodPayload({ entries })]).payloads;
  const effects = payload?.effects.map(({ name, effect }) => `${name} ${effect}`);
  assert.deepEqual(effects, ["alpha newly-patched", "gamma unchanged"]);
});

test("checkPayloads() shows what a REPLACE reverts", () => {
  const [, upper] = check([goodPayload(), goodPayload({ id: "22", entries: [betaEntry] })], {
    action: "replace",
  }).payloads;
  const effects = upper?.effects.map(({ name, effect }) => `${name} ${effect}`);
  assert.deepEqual(effects, ["beta newly-patched", "alpha reverted"]);
});

test("checkPayloads() claims no bytes where a payload's own apply hook does the patching", () => {
  const [hooked, above] = check([
    makeElf(withHook("apply", "f30f1efae800000000c3")),
    goodPayload({
      id: "22",
      depends: idOf("11"),
      entries: [{ old: "alpha", by: "newer_alpha" }],
    }),
  ]).payloads;
  const alpha = hooked?.effects.find(({ name }) => name === "alpha");
  assert.equal(alpha?.effect, "by-hook");
  assert.ok(alpha !== undefined && "before" in alpha && !("after" in alpha));
  // Nor on top of it: what stands there now, only the hook knows.
  const again = above?.effects.find(({ name }) => name === "alpha");
  assert.ok(again !== undefined && !("before" in again) && !("after" in again));
});
