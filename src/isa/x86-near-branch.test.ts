import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHex } from "../bytes/hex.ts";
import { nearBranchAt } from "./x86-near-branch.ts";

const branches = [
  ["call", "90e800000000", 1],
  ["jump", "90e900000000", 1],
  ["conditional-jump", "900f8400000000", 1],
  ["conditional-jump", "0f8f00000000", 0],
] as const;

for (const [kind, hex, offset] of branches) {
  test(`nearBranchAt() knows a ${kind} by what stands before its distance (${hex})`, () => {
    const code = parseHex(hex);
    assert.deepEqual(nearBranchAt(code, code.length - 4), { kind, offset });
  });
}

test("nearBranchAt() takes nothing else for a branch", () => {
  for (const hex of ["", "84", "0f05", "0f90", "7484", "8d05", "ff15"]) {
    const code = parseHex(`${hex}00000000`);
    assert.equal(nearBranchAt(code, code.length - 4), undefined, hex);
  }
});
