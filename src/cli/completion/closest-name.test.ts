import assert from "node:assert/strict";
import { test } from "node:test";
import { findClosest } from "./closest-name.ts";

const names = ["one-way", "init-memory", "null-symbol", "null-section"] as const;

test("findClosest() forgives a letter left out, put in or mistaken", () => {
  assert.equal(findClosest("one-wy", names), "one-way");
  assert.equal(findClosest("init-memmory", names), "init-memory");
  assert.equal(findClosest("nul_symbol", names), "null-symbol");
});

test("findClosest() knows of nothing near a name that is another one", () => {
  assert.equal(findClosest("alignment", names), undefined);
  assert.equal(findClosest("", names), undefined);
  assert.equal(findClosest("x".repeat(1_000_000), names), undefined);
});
