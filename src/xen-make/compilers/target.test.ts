import assert from "node:assert/strict";
import { test } from "node:test";
import { whyWrongTarget } from "./target.ts";

test("whyWrongTarget() has nothing against a compiler for the hypervisor's machine", () => {
  assert.equal(whyWrongTarget("x86_64-linux-gnu\n", "x86_64"), undefined);
  assert.equal(whyWrongTarget("aarch64-none-linux-gnu\n", "aarch64"), undefined);
});

test("whyWrongTarget() says what a compiler compiles for, and which one is wanted", () => {
  const wrong = whyWrongTarget("x86_64-linux-gnu\n", "aarch64");
  assert.match(wrong?.state ?? "", /compiles for x86_64-linux-gnu, .* is for aarch64/);
  assert.match(wrong?.expected ?? "", /aarch64-linux-gnu-gcc/);
  assert.match(wrong?.remedy ?? "", /gcc-aarch64-linux-gnu/);
});

test("whyWrongTarget() leaves alone what does not tell", () => {
  for (const answer of ["", "error\n", "x86\n"]) {
    assert.equal(whyWrongTarget(answer, "aarch64"), undefined);
  }
});
