import assert from "node:assert/strict";
import { test } from "node:test";
import { XspliceError } from "./error.ts";

test("XspliceError lays its facts out under the problem", () => {
  const error = new XspliceError({
    code: "payload/malformed",
    problem: 'Cannot read section ".livepatch.funcs": 128 bytes do not divide into entries of 104',
    where: "example.livepatch, section 7, offset 0x1f40",
    expected: "payload version 2;\n128 bytes would be two entries of version 1",
    remedy: "rebuild the payload with tools that emit version 2",
  });
  assert.equal(
    error.message,
    [
      'Cannot read section ".livepatch.funcs": 128 bytes do not divide into entries of 104',
      "  where:    example.livepatch, section 7, offset 0x1f40",
      "  expected: payload version 2;",
      "            128 bytes would be two entries of version 1",
      "  remedy:   rebuild the payload with tools that emit version 2",
    ].join("\n"),
  );
});

test("XspliceError leaves out the facts that it does not have", () => {
  assert.equal(new XspliceError({ code: "a/b", problem: "Cannot x" }).message, "Cannot x");
});
