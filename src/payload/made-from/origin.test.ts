import assert from "node:assert/strict";
import { test } from "node:test";
import { PayloadError } from "../errors.ts";
import { decodeOrigin, encodeOrigin, originPatch, withoutTexts } from "./origin.ts";

const ascii = (text: string) => new TextEncoder().encode(text);

const origin = {
  source: "ab".repeat(32),
  config: "cd".repeat(32),
  compiler: "gcc (Debian 12.2.0-14) 12.2.0",
  patches: [originPatch("../patches/xsa1.patch", Uint8Array.of(0x2d, 0x2d, 0xe9, 0x00, 0x0a))],
};

test("decodeOrigin() gives what encodeOrigin() was given, bytes that are no UTF-8 included", () => {
  assert.deepEqual(decodeOrigin(encodeOrigin(origin), "p"), origin);
  const bare = withoutTexts(origin);
  assert.deepEqual(decodeOrigin(encodeOrigin(bare), "p"), bare);
});

test("decodeOrigin() gives the fuzz of a patch, and none where there was none", () => {
  const [patch] = origin.patches;
  assert.ok(patch !== undefined);
  const fuzzes = (fuzz: number | undefined) =>
    decodeOrigin(encodeOrigin({ ...origin, patches: [{ ...patch, fuzz }] }), "p").patches[0]?.fuzz;
  assert.deepEqual([undefined, 0, 2].map(fuzzes), [undefined, undefined, 2]);
});

test("originPatch() keeps no folder, so that the payload is the same wherever it is built", () => {
  assert.equal(origin.patches[0]?.name, "xsa1.patch");
});

test("decodeOrigin() refuses a patch that does not match its digest", () => {
  const text = Buffer.from(encodeOrigin(origin)).toString();
  const changed = new TextEncoder().encode(text.replace('"text":"--', '"text":"-+'));
  assert.throws(() => decodeOrigin(changed, "p"), /"xsa1.patch" does not match its digest/);
});

const unreadable: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ["bytes that are not UTF-8", Uint8Array.of(0x7b, 0xff, 0x7d), /: it is not UTF-8/],
  ["a text that is not JSON", ascii("{"), /: it is not JSON: /],
  ["another format", ascii('{"format":2}'), /: format is 2/],
  [
    "a patch without a name",
    ascii('{"format":1,"source":"a","config":"b","compiler":"c","patches":[{}]}'),
    /: patches\[0\]\.name is missing/,
  ],
];
for (const [what, bytes, problem] of unreadable) {
  test(`decodeOrigin() refuses ${what}`, () => {
    assert.throws(() => decodeOrigin(bytes, "p"), problem);
  });
}

test("decodeOrigin() parses or refuses every truncation and every changed byte", () => {
  const bytes = encodeOrigin(origin);
  const attempt = (input: Uint8Array) => {
    try {
      decodeOrigin(input, "p");
    } catch (error) {
      assert.ok(
        error instanceof PayloadError && error.report.code === "payload/origin",
        `${error}`,
      );
    }
  };
  for (let end = 0; end < bytes.length; end++) attempt(bytes.subarray(0, end));
  for (let at = 0; at < bytes.length; at++) {
    const damaged = bytes.slice();
    damaged[at] = (damaged[at] ?? 0) ^ 0x15;
    attempt(damaged);
  }
});
