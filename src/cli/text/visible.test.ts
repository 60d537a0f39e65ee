import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { onOneLine, visible } from "./visible.ts";

test("visible() shows what a terminal would obey, and what turns text around", () => {
  assert.equal(visible("\u001b[2J\u0007\r\u007f"), "\\x1b[2J\\x07\\x0d\\u007f");
  assert.equal(visible("\u009b31m"), "\\u009b31m", "CSI in one character");
  assert.equal(visible("fix\u202egnp.\u2066\u200f"), "fix\\u202egnp.\\u2066\\u200f");
  assert.equal(visible("one\u2028two"), "one\\u2028two");
});

test("visible() leaves other text alone", () => {
  const text = "  1\tprüfen, 検査, │ └─\n";
  assert.equal(visible(text), text);
});

test("visible() leaves no document of JSON other than it was", () => {
  const controls = String.fromCharCode(...Array.from({ length: 0xa0 }, (_, code) => code));
  assert.equal(JSON.parse(visible(JSON.stringify(controls))), controls);
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      assert.equal(JSON.parse(visible(JSON.stringify({ text }))).text, text);
    }),
  );
});

test("onOneLine() keeps a name from looking like a line of ours, deep in the data", () => {
  const view = { applied: [{ name: "a\n2  b  (stack)", on: undefined }], order: { known: 3n } };
  assert.deepEqual(onOneLine(view), {
    applied: [{ name: "a\\n2  b  (stack)", on: undefined }],
    order: { known: 3n },
  });
});
