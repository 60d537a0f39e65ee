import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readElf } from "../elf/read.ts";
import type { LineRegion } from "../source-patch/line-regions.ts";
import { changedInlinesOf } from "./inlines.ts";

const text = `extern int outside(int);

static inline int small(int x)
{
    return x + 1;
}

static inline int other(int x)
{
    int y = outside(x);
    return y * small(x);
}

int both(int x)
{
    return other(x);
}

int none(int x)
{
    return outside(x);
}
`;

function inlinesAfter(region: LineRegion): (name: string) => readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-inlines-"));
  try {
    writeFileSync(join(folder, "file.c"), text);
    execFileSync("gcc", ["-O2", "-g", "-c", "file.c"], { cwd: folder, stdio: "pipe" });
    const object = readElf(new Uint8Array(readFileSync(join(folder, "file.o"))), "file.o");
    return changedInlinesOf(object, { "file.c": { regions: [region] } });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const changed = (line: number, count: number): LineRegion => ({
  oldStart: line,
  oldCount: count,
  newStart: line,
  newCount: 1,
});

test("changedInlinesOf() tells the changed functions that were inlined, at any depth", () => {
  const ofSmall = inlinesAfter(changed(5, 1));
  assert.deepEqual(ofSmall("both"), ["small"]);
  assert.deepEqual(ofSmall("both.constprop.0"), ["small"]);
  assert.deepEqual(ofSmall("none"), []);
  assert.deepEqual(inlinesAfter(changed(11, 0))("both"), ["other"]);
});

test("changedInlinesOf() does not take a new function for a change of the one before it", () => {
  assert.deepEqual(inlinesAfter(changed(7, 0))("both"), []);
  assert.deepEqual(inlinesAfter(changed(16, 1))("both"), []);
});
