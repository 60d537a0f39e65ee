import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readElf } from "../elf/read.ts";
import { changedFunctionsOf, changedInlinesOf } from "./inlines.ts";

const text = `extern int outside(int);

#define STEP 1
#define TWO_STEPS (STEP + STEP)

static inline int small(int x)
{
    return x + 1;
}

#define UNUSED(x) (x)
struct pair {
    int a, b;
};

static inline int other(int x)
{
    int y = outside("a//b  c"[x]) + TWO_STEPS;
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

/** What functions of the text before inline that changed, by a change of the text. */
function inlinesAfter(from: string, to: string): (name: string) => readonly string[] {
  const after = text.replace(from, to);
  assert.notEqual(after, text);
  const folder = mkdtempSync(join(tmpdir(), "xsplice-inlines-"));
  try {
    writeFileSync(join(folder, "file.c"), text);
    execFileSync("gcc", ["-O2", "-g", "-c", "file.c"], { cwd: folder, stdio: "pipe" });
    const object = readElf(new Uint8Array(readFileSync(join(folder, "file.o"))), "file.o");
    const texts = new Map([["file.c", { before: text, after }]]);
    return changedInlinesOf(object, () => changedFunctionsOf(texts));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("changedInlinesOf() tells the changed functions that were inlined, at any depth", () => {
  const ofSmall = inlinesAfter("return x + 1;", "return x + 2;");
  assert.deepEqual(ofSmall("both"), ["small"]);
  assert.deepEqual(ofSmall("both.constprop.0"), ["small"]);
  assert.deepEqual(ofSmall("none"), []);
  assert.deepEqual(inlinesAfter("    return y", "    x++;\n    return y")("both"), ["other"]);
  assert.deepEqual(inlinesAfter("int small(int x)", "int small(long x)")("both"), ["small"]);
});

test("changedInlinesOf() tells a function in which nothing but a string changed", () => {
  const ofOther = inlinesAfter('"a//b  c"', '"a//c  c"');
  assert.deepEqual(
    [ofOther("both"), inlinesAfter('"a//b  c"', '"a//b c"')("both")],
    [["other"], ["other"]],
  );
});

test("changedInlinesOf() tells a function whose macro changed, through other macros too", () => {
  assert.deepEqual(inlinesAfter("STEP 1", "STEP 2")("both"), ["other"]);
});

const besides: Readonly<Record<string, readonly [from: string, to: string]>> = {
  "a macro that follows it": ["UNUSED(x) (x)", "UNUSED(x) ((void)(x))"],
  "a type that follows it": ["int a, b;", "int a, b, c;"],
  "a new function that follows it": [
    "int both(",
    "static inline int third(int x)\n{\n    return x + 3;\n}\n\nint both(",
  ],
  "a new function before it, whose lines begin alike": [
    "static inline int other(int x)\n{\n",
    "static inline int third(int x)\n{\n    return x;\n}\n\nstatic inline int other(int x)\n{\n",
  ],
  "its own comments and blanks": ["    return x + 1;", "  /* One more. */\n  return x + 1;"],
  "the function that inlines it": ["return other(x);", "return other(x) + 1;"],
};

for (const [what, [from, to]] of Object.entries(besides)) {
  test(`changedInlinesOf() does not take for a change of a function: ${what}`, () => {
    assert.deepEqual(inlinesAfter(from, to)("both"), []);
  });
}
