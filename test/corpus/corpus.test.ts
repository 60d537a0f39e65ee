import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { corpus } from "./cases.ts";

// The patches are no output of the compiler.
const folder = new URL("../../../test/corpus/patches/", import.meta.url);
const names = corpus.map(({ name }) => name);
const patches = new Set(corpus.map(({ name, patch = name }) => patch));

test("corpus has every patch, and each case once", () => {
  const files = readdirSync(folder).map((file) => file.replace(/\.patch$/, ""));
  assert.deepEqual([...patches].sort(), files.sort());
  assert.equal(new Set(names).size, names.length);
});

test("corpus has forty patches, fifteen of which show on a real Xen", () => {
  const shown = corpus.filter(({ expected }) => expected.outcome === "built" && expected.shows);
  assert.ok(corpus.length >= 40);
  assert.ok(shown.length >= 15);
});

test("corpus takes no more of Xen's text than one line around a change", () => {
  for (const name of patches) {
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
