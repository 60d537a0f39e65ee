import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHex } from "../bytes/hex.ts";
import { stackBelow } from "./fresh-stack.ts";

const cases: readonly (readonly [what: string, before: string, below: string])[] = [
  ["nothing before", "", "callers"],
  ["another instruction before", "90", "callers"],
  ["mov %rax,%rsp before", "4889c4", "fresh"],
  ["the other encoding of it", "488be0", "fresh"],
  ["a call in between", "4889c4e800000000", "fresh"],
  ["a conditional jump in between", "4889c47400", "fresh"],
  ["a return in between, so that it is come to from elsewhere", "4889c4c3", "callers"],
  ["a jump in between", "4889c4eb00", "callers"],
  ["mov %rbp,%rsp, the end of a frame", "4889ec", "callers"],
  ["mov (%rax),%rsp, from memory", "488b20", "callers"],
  ["mov %rsp,%rax, the other way round", "4889e0", "callers"],
  ["a BUG mark of one byte", "90d6", "callers"],
  ["bytes that are no instruction", "06", "callers"],
];

for (const [what, before, below] of cases) {
  test(`stackBelow() says "${below}" for ${what}`, () => {
    const code = parseHex(`${before}e800000000`);
    assert.equal(stackBelow(code, before.length / 2), below);
  });
}

test("stackBelow() sees that no instruction begins there", () => {
  assert.equal(stackBelow(parseHex("b8e8000000c3"), 1), "no-instruction");
});
