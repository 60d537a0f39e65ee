import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { corpus } from "./cases.ts";

// The patches are no output of the compiler.
const folder = new URL("../../../test/corpus/patches/", import.meta.url);
const names = corpus.map(({ name }) => name);

test("corpus names every patch once", () => {
  const files = readdirSync(folder).map((file) => file.replace(/\.patch$/, ""));
  assert.deepEqual([...names].sort(), files.sort());
});

test("corpus has forty patches, fifteen of which show on a real Xen", () => {
  const shown = corpus.filter(({ expected }) => expected.outcome === "built" && expected.shows);
  assert.ok(corpus.length >= 40);
  assert.ok(shown.length >= 15);
});

test("corpus takes no more of Xen's text than one line around a change", () => {
  for (const name of names) {
    const text = readFileSync(new URL(`${name}.patch`, folder), "latin1");
    const [head, ...hunks] = text.split(/^@@ .*\n/m);
    assert.match(head ?? "", /^Subject: \[PATCH\] \S/, name);
    for (const hunk of hunks) {
      const [lines] = hunk.split(/^--- /m);
      const context = (lines ?? "").split("\n").filter((line) => line.startsWith(" "));
      const changes = (lines ?? "").split(/^ .*\n/m).filter((part) => /^[-+]/.test(part));
      assert.ok(context.length <= changes.length * 2, `${name}: ${hunk}`);
    }
  }
});
