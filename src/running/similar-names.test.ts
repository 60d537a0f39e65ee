import assert from "node:assert/strict";
import { test } from "node:test";
import { similarNames } from "./similar-names.ts";

test("similarNames() gives slips of the keyboard, nearest first, and no other words", () => {
  const names = ["printk", "print", "guest_printk", "domain_list", "sprintf", "panic"];
  assert.deepEqual(similarNames("pritnk", names), []);
  assert.deepEqual(similarNames("printkk", ["prink", ...names]), ["printk"]);
  assert.deepEqual(similarNames("prntk", names), ["printk"]);
  assert.deepEqual(similarNames("domian_list", names), ["domain_list"]);
  assert.deepEqual(similarNames("something_else", names), []);
});
