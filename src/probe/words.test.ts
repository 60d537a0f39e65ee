import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHex } from "../bytes/hex.ts";
import type { CodeDifference } from "./difference.ts";
import { describeDifference } from "./words.ts";

function difference(more: Partial<CodeDifference>): CodeDifference {
  return {
    functionName: "f",
    offset: 0x13,
    start: 0x12,
    suspects: [],
    expected: parseHex("8d7c2408c3"),
    actual: parseHex("8d902408c3"),
    ...more,
  };
}

test("describeDifference() shows both sides from where the instruction begins", () => {
  assert.deepEqual(describeDifference(difference({}), "x86_64"), [
    "f+0x13 is not what the payload expects",
    "  expected:",
    "    +0x12  8d 7c 24 08                       lea 8(%rsp),%edi",
    "    +0x16  c3                                ret",
    "  found:",
    "    +0x12  8d 90 24 08 c3                    (bad)",
  ]);
});

test("describeDifference() stops at a jump to another payload, and names whose it may be", () => {
  const jump = parseHex("e9aabbcc0000000000");
  const suspects = [{ payload: "fix", because: "replaces-it" }] as const;
  const lines = describeDifference(difference({ start: 0, actual: jump, suspects }), "x86_64");
  assert.deepEqual(lines.slice(-3), [
    "  found:",
    "    +0x0  e9 aa bb cc 00                    jmp (elsewhere)",
    '  most likely changed by payload "fix", which is applied and replaces f',
  ]);
});

test("describeDifference() names targets inside of the function by their distance", () => {
  const actual = parseHex("ebfe");
  const lines = describeDifference(difference({ start: 0x10, actual }), "x86_64");
  assert.match(lines.at(-1) ?? "", /jmp f\+0x10$/);
});

test("describeDifference() shows code of Arm as bytes", () => {
  assert.equal(
    describeDifference(difference({ start: 0x10 }), "aarch64")[2],
    "    +0x10  8d 7c 24 08 c3",
  );
});

test("describeDifference() tells who lies on a payload already", () => {
  const cover = { functionName: "f", payload: "base" };
  const suspects = [{ payload: "one", because: "replaces-it" }] as const;
  assert.deepEqual(describeDifference(difference({ cover, suspects }), "x86_64"), [
    'another payload is already stacked on f of payload "base"',
    '  most likely changed by payload "one", which is applied and replaces f',
  ]);
});

test("describeDifference() tells what a marker says", () => {
  const id = "ab".repeat(30);
  const [applied, idle] = [parseHex(`90${id}`), parseHex(`cc${id}`)];
  const functionName = `payload ${"01".repeat(20)}, applied`;
  const marker = { functionName, offset: 0, start: 0, expected: applied };
  assert.deepEqual(describeDifference(difference({ ...marker, actual: idle }), "x86_64"), [
    `payload ${"01".repeat(20)} is loaded and not applied; apply it first`,
  ]);
  const other = difference({ ...marker, offset: 9, actual: parseHex(`90${"cd".repeat(30)}`) });
  assert.match(describeDifference(other, "x86_64")[0] ?? "", /is not the one that is loaded/);
});
