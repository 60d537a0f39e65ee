import assert from "node:assert/strict";
import { test } from "node:test";
import { BuildError } from "../build-outcome/build-error.ts";
import { applyFilePatches, type MovedHunk } from "./apply-patch.ts";
import { parsePatchFile } from "./patch-file.ts";

const hunk = "@@ -1,7 +1,7 @@\n a\n b\n c\n-old\n+new\n d\n e\n f\n";
const file = "a\nb\nc\nold\nd\ne\nf\n";

/** What becomes of the text, and of the hunk: line, distance, lines ignored before and after. */
function apply(text: string, fuzz: number, content = hunk) {
  const bytes = Buffer.from(`--- a/f.c\n+++ b/f.c\n${content}`);
  const patches = parsePatchFile({ name: "fix.patch", bytes, fuzz }, (path) => path === "f.c");
  const moved: MovedHunk[] = [];
  const after = applyFilePatches(
    patches,
    () => text,
    (one) => moved.push(one),
  ).get("f.c")?.after;
  const told = moved.map(({ line, lines, ignored }) => [
    line,
    lines,
    ignored.before,
    ignored.after,
  ]);
  return { after, told };
}

function remedyOf(text: string, fuzz: number, content = hunk): string {
  try {
    apply(text, fuzz, content);
  } catch (error) {
    assert.ok(error instanceof BuildError);
    assert.equal(error.report.code, "build/patch-does-not-apply");
    return error.report.remedy ?? "";
  }
  return assert.fail("the patch was applied");
}

test("applyFilePatches() leaves the file's own lines where fuzz ignores those of the patch", () => {
  const other = file.replace("a\n", "A\n").replace("f\n", "F\n");
  assert.deepEqual(apply(other, 1), {
    after: other.replace("old", "new"),
    told: [[2, 0, 1, 1]],
  });
});

test("applyFilePatches() takes as little fuzz as it needs, and tells how far the hunk moved", () => {
  assert.deepEqual(apply(file, 3).told, []);
  const moved = `0\n0\n${file.replace("e\n", "E\n")}`;
  assert.deepEqual(apply(moved, 3), { after: moved.replace("old", "new"), told: [[5, 2, 2, 2]] });
});

test("applyFilePatches() shortens the longer end of the context first, as patch does", () => {
  const short = "@@ -1,5 +1,5 @@\n a\n-old\n+new\n d\n e\n f\n";
  const other = "a\nold\nd\ne\nF\n";
  assert.deepEqual(apply(other, 1, short).told, [[1, 0, 0, 1]]);
});

test("applyFilePatches() refuses without fuzz what fits with it, and says how much it takes and where", () => {
  const other = file.replace("b\n", "B\n");
  assert.match(remedyOf(other, 0), /if line 3 is the right place, use --fuzz 2/);
  assert.match(remedyOf(other, 1), /--fuzz 2/);
});

test("applyFilePatches() never ignores a line that the patch removes, or all that would be compared", () => {
  assert.doesNotMatch(remedyOf(file.replace("old", "other"), 3), /--fuzz/);
  const insertion = "@@ -1,2 +1,3 @@\n a\n+new\n b\n";
  assert.doesNotMatch(remedyOf("x\ny\n", 3, insertion), /--fuzz/);
});

test("applyFilePatches() does not choose between places that fit only with fuzz", () => {
  const twice = "A\nb\nc\nold\nd\ne\nF\n".repeat(2);
  assert.match(remedyOf(twice, 1), /it would fit at 2 places, and nothing says which/);
});

test("applyFilePatches() looks for later hunks after what one with fuzz has changed", () => {
  const second = "@@ -8,3 +8,3 @@\n g\n-old\n+new\n h\n";
  const other = `${file.replace("a\n", "A\n")}g\nold\nh\n`;
  assert.equal(apply(other, 1, hunk + second).after, other.replaceAll("old", "new"));
});

test("applyFilePatches() does not put in with fuzz what is there already", () => {
  const atEnd = "@@ -1,3 +1,4 @@\n a\n b\n c\n+new\n";
  assert.equal(apply("A\nb\nc\n", 1, atEnd).after, "A\nb\nc\nnew\n");
  assert.match(remedyOf("A\nb\nc\nnew\n", 1, atEnd), /has this change already/);
});
