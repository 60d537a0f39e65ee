import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "../../bytes/sha256.ts";
import { PayloadError } from "../errors.ts";
import { decodeSources, encodeSources, type PayloadSources } from "./sources.ts";

const ascii = (text: string) => new TextEncoder().encode(text);
const file = (name: string, bytes: Uint8Array) => ({ name, sha256: sha256(bytes), bytes });

const sources: PayloadSources = {
  compiler: "gcc (Debian 12.2.0-14) 12.2.0",
  files: [
    file("fix.c", Uint8Array.of(0x2f, 0x2f, 0xe9, 0x00, 0x0a)),
    { name: "elsewhere.h", sha256: sha256(ascii("x")), bytes: undefined },
  ],
};

test("decodeSources() gives what encodeSources() was given, bytes that are no UTF-8 included", () => {
  assert.deepEqual(decodeSources(encodeSources(sources), "p"), sources);
});

test("decodeSources() refuses a text that does not match its digest", () => {
  const text = Buffer.from(encodeSources(sources)).toString();
  const changed = ascii(text.replace('"text":"//', '"text":"/+'));
  assert.throws(() => decodeSources(changed, "p"), /"fix.c" does not match its digest/);
});

test("decodeSources() parses or refuses every truncation and every changed byte", () => {
  const bytes = encodeSources(sources);
  const attempt = (input: Uint8Array) => {
    try {
      decodeSources(input, "p");
    } catch (error) {
      const isOurs = error instanceof PayloadError && error.report.code === "payload/origin";
      assert.ok(isOurs, `${error}`);
    }
  };
  for (let end = 0; end < bytes.length; end++) attempt(bytes.subarray(0, end));
  for (let at = 0; at < bytes.length; at++) {
    const damaged = bytes.slice();
    damaged[at] = (damaged[at] ?? 0) ^ 0x15;
    attempt(damaged);
  }
});
