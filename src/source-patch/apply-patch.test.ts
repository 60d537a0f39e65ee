import assert from "node:assert/strict";
import { test } from "node:test";
import { createTwoFilesPatch } from "diff";
import fc from "fast-check";
import { BuildError } from "../build-outcome/build-error.ts";
import { applyFilePatches, type MovedHunk } from "./apply-patch.ts";
import { parsePatchFile } from "./patch-file.ts";

function apply(
  patch: string,
  files: Readonly<Record<string, string>>,
  onMoved?: (moved: MovedHunk) => void,
) {
  const exists = (path: string) => path in files;
  const parsed = parsePatchFile({ name: "fix.patch", bytes: Buffer.from(patch, "latin1") }, exists);
  return applyFilePatches(parsed, (path) => files[path], onMoved);
}

const numbered = Array.from({ length: 30 }, (_, index) => `line ${index + 1}\n`).join("");

test("applyFilePatches() gives what the patch was made from", () => {
  const line = fc.constantFrom("a", "b", "{", "}", "", "\tx = 1;", "\xe9");
  const text = fc
    .array(line, { minLength: 1, maxLength: 30 })
    .chain((lines) => fc.constantFrom(lines.join("\n"), `${lines.join("\n")}\n`));
  fc.assert(
    fc.property(text, text, (before, after) => {
      fc.pre(before !== after);
      const patch = createTwoFilesPatch("a/xen/f.c", "b/xen/f.c", before, after);
      const result = apply(patch, { "xen/f.c": before }).get("xen/f.c");
      assert.deepEqual(result, { before, after });
    }),
    { numRuns: 200 },
  );
});

test("applyFilePatches() applies hunks that have moved", () => {
  const after = numbered.replace("line 20\n", "line twenty\n");
  const patch = createTwoFilesPatch("a/f.c", "b/f.c", numbered, after);
  const moved = `first\nsecond\n${numbered}`;
  assert.equal(apply(patch, { "f.c": moved }).get("f.c")?.after, `first\nsecond\n${after}`);
});

test("applyFilePatches() tells how far a hunk was from its place, and how often it would fit", () => {
  const patch = "--- a/f.c\n+++ b/f.c\n@@ -2,2 +2,2 @@\n same\n-old\n+new\n";
  const moved: MovedHunk[] = [];
  const twice = "1\n2\n3\nsame\nold\n6\n7\nsame\nold\n";
  const result = apply(patch, { "f.c": twice }, (one) => moved.push(one));
  assert.equal(result.get("f.c")?.after, twice.replace("old", "new"));
  assert.deepEqual(
    moved.map(({ lines, alternatives }) => [lines, alternatives]),
    [[2, 1]],
  );
});

test("applyFilePatches() looks for later hunks where earlier ones were found, and never above them", () => {
  const one = "@@ -1,1 +1,1 @@\n-first\n+FIRST\n";
  const patch = `--- a/f.c\n+++ b/f.c\n${one}@@ -3,1 +3,1 @@\n-x\n+X\n`;
  const before = "x\nx\nx\nx\nfirst\n2\nx\nx\n";
  const moved: MovedHunk[] = [];
  const result = apply(patch, { "f.c": before }, (hunk) => moved.push(hunk));
  assert.equal(result.get("f.c")?.after, "x\nx\nx\nx\nFIRST\n2\nX\nx\n");
  assert.deepEqual(
    moved.map(({ lines, alternatives }) => [lines, alternatives]),
    [
      [4, 0],
      [4, 1],
    ],
  );
});

test("applyFilePatches() puts nothing in by its line number alone where the lines have moved", () => {
  const patch = "--- a/f.c\n+++ b/f.c\n@@ -1,1 +1,1 @@\n-a\n+A\n@@ -2,0 +3,1 @@\n+c\n";
  assert.equal(apply(patch, { "f.c": "a\nb\nd\n" }).get("f.c")?.after, "A\nb\nc\nd\n");
  assert.throws(
    () => apply(patch, { "f.c": "0\na\nb\nd\n" }),
    (error) => error instanceof BuildError && /found elsewhere/.test(error.report.expected ?? ""),
  );
});

test("applyFilePatches() keeps the ends of lines that a file has, whatever the patch has", () => {
  const dos = (text: string) => text.replaceAll("\n", "\r\n");
  const patch = createTwoFilesPatch("a/f.c", "b/f.c", "a\nb\n", "a\nc\n");
  assert.equal(apply(patch, { "f.c": dos("a\nb\n") }).get("f.c")?.after, dos("a\nc\n"));
  assert.equal(apply(dos(patch), { "f.c": "a\nb\n" }).get("f.c")?.after, "a\nc\n");
});

test("applyFilePatches() applies several patches to one file in their order", () => {
  const one = numbered.replace("line 3\n", "line three\n");
  const two = one.replace("line three\n", "line 3 again\n");
  const patches = [
    createTwoFilesPatch("a/f.c", "b/f.c", numbered, one),
    createTwoFilesPatch("a/f.c", "b/f.c", one, two),
  ];
  assert.deepEqual(apply(patches.join(""), { "f.c": numbered }).get("f.c"), {
    before: numbered,
    after: two,
  });
});

test("applyFilePatches() says which hunk does not fit, what it wants, and what is there", () => {
  const patch = createTwoFilesPatch(
    "a/f.c",
    "b/f.c",
    numbered,
    numbered.replace("line 3\n", "x\n").replace("line 20\n", "y\n"),
  );
  const other = numbered.replace("line 18\n", "line eighteen\n");
  assert.throws(
    () => apply(patch, { "f.c": other }),
    (error) => {
      assert.ok(error instanceof BuildError);
      assert.equal(error.report.code, "build/patch-does-not-apply");
      assert.match(error.report.problem, /"f\.c": hunk 2 of 2/);
      assert.equal(error.report.where, 'line 18: "line eighteen"');
      assert.equal(error.report.expected, '"line 18"');
      return true;
    },
  );
});

test("applyFilePatches() recognizes a patch that the source has already", () => {
  const after = numbered.replace("line 3\n", "x\n");
  const patch = createTwoFilesPatch("a/f.c", "b/f.c", numbered, after);
  assert.throws(
    () => apply(patch, { "f.c": after }),
    (error) => error instanceof BuildError && /already/.test(error.report.remedy ?? ""),
  );
});

test("applyFilePatches() names the patch below when one does not fit on top of it", () => {
  const files = { "f.c": "a\nb\n" };
  const [one, two] = ["one", "two"].map((name) => {
    const text = `--- f.c\n+++ f.c\n@@ -1,1 +1,1 @@\n-a\n+${name}\n`;
    return parsePatchFile({ name: `${name}.patch`, bytes: Buffer.from(text) }, () => true);
  });
  assert.throws(
    () => applyFilePatches([...(one ?? []), ...(two ?? [])], (path) => files[path as "f.c"]),
    (error) => error instanceof BuildError && /"one\.patch"/.test(error.report.remedy ?? ""),
  );
});

test("applyFilePatches() makes, deletes and renames files", () => {
  const git =
    "diff --git a/old.c b/new.c\nsimilarity index 100%\nrename from old.c\nrename to new.c\n";
  const create =
    "diff --git a/fresh.c b/fresh.c\nnew file mode 100644\n" +
    "--- /dev/null\n+++ b/fresh.c\n@@ -0,0 +1,1 @@\n+int x;\n";
  const result = apply(git + create, { "old.c": "int y;\n" });
  assert.deepEqual(result.get("old.c"), { before: "int y;\n", after: undefined });
  assert.equal(result.get("new.c")?.after, "int y;\n");
  assert.deepEqual(result.get("fresh.c"), { before: undefined, after: "int x;\n" });
});

test("applyFilePatches() refuses a file that is missing, and a new one that is there", () => {
  const change = "--- a/gone.c\n+++ b/gone.c\n@@ -1,1 +1,1 @@\n-a\n+b\n";
  const create = "--- /dev/null\n+++ b/there.c\n@@ -0,0 +1,1 @@\n+int x;\n";
  for (const patch of [change, create]) {
    assert.throws(
      () => apply(patch, { "there.c": "int x;\n" }),
      (error) => error instanceof BuildError && error.report.code === "build/patch-does-not-apply",
    );
  }
});
