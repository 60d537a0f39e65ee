import assert from "node:assert/strict";
import { test } from "node:test";
import { PayloadError } from "./errors.ts";
import { decodeOrigin, encodeOrigin, originPatch, withoutTexts } from "./origin.ts";

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

test("originPatch() keeps no folder, so that the payload is the same wherever it is built", () => {
  assert.equal(origin.patches[0]?.name, "xsa1.patch");
});

test("decodeOrigin() refuses a patch that is not the one of its digest", () => {
  const text = Buffer.from(encodeOrigin(origin)).toString();
  const changed = new TextEncoder().encode(text.replace('"text":"--', '"text":"-+'));
  assert.throws(() => decodeOrigin(changed, "p"), /"xsa1.patch" is not the one of its digest/);
});

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
