import assert from "node:assert/strict";
import { test } from "node:test";
import type { Metadata, PayloadLabel } from "./build-options.ts";
import { metadataOf } from "./metadata.ts";

function metadata(text: string, more: Partial<PayloadLabel> = {}, name = "fix.patch"): Metadata {
  const patches = [{ name, bytes: Buffer.from(text, "latin1") }];
  return metadataOf(patches, { title: undefined, metadata: [], toolVersion: "1.2.3", ...more });
}

const diff = "\n---\n file.c | 2 +-\n\n--- a/file.c\n+++ b/file.c\n@@ -1 +1 @@\n-a\n+b XSA-99\n";

test("metadataOf() takes the title from the mail that git makes, on one line", () => {
  const mail = `From: A\nSubject: [PATCH v2 1/3] x86: Do the\n right thing, na\xefvely${diff}`;
  assert.deepEqual(metadata(mail), [
    ["title", "x86: Do the right thing, na?vely"],
    ["tool", "xsplice 1.2.3"],
  ]);
});

test("metadataOf() takes the file's name for a patch without a subject", () => {
  assert.deepEqual(metadata(diff, {}, "dir/no-leak.patch")[0], ["title", "no-leak"]);
});

test("metadataOf() finds the advisories that a patch names, not those that its code mentions", () => {
  const found = metadata(`Subject: XSA-312: fix\nThis is XSA-31.${diff}`, {}, "xsa405-4.17.patch");
  assert.deepEqual(found[1], ["xsa", "31,312,405"]);
  assert.ok(metadata(diff).every(([key]) => key !== "xsa"));
});

test("metadataOf() lets the author have the last word", () => {
  const own: Metadata = [
    ["tool", "scissors"],
    ["team", "red"],
  ];
  assert.deepEqual(metadata(diff, { metadata: own, title: "My fix" }), [
    ["title", "My fix"],
    ["tool", "scissors"],
    ["team", "red"],
  ]);
});
