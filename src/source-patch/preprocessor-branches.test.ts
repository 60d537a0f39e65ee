import assert from "node:assert/strict";
import { test } from "node:test";
import {
  branchesAround,
  changedLines,
  isCodeLine,
  withoutComments,
} from "./preprocessor-branches.ts";

const text = `#ifndef HEADER
#define HEADER
int always; /* a comment
 that is no code */
#ifdef CONFIG_ONE
int one;
# if TWO
int two;
# else
#define LONG a \\
   b
# endif
#endif
#endif
`;

test("branchesAround() gives the branches of #if that a line lies in, not the guard of a header", () => {
  const lines = withoutComments(text);
  assert.deepEqual(branchesAround(lines, 3), []);
  assert.deepEqual(branchesAround(lines, 6), [{ first: 6, last: 12 }]);
  assert.deepEqual(branchesAround(lines, 8), [
    { first: 8, last: 8 },
    { first: 6, last: 12 },
  ]);
  assert.deepEqual(branchesAround(lines, 10)[0], { first: 10, last: 11 });
});

test("isCodeLine() leaves out comments, directives and what these go on with", () => {
  const lines = withoutComments(text);
  const code = lines.flatMap((_, index) => (isCodeLine(lines, index + 1) ? [index + 1] : []));
  assert.deepEqual(code, [3, 6, 8]);
});

const hunk = (oldStart: number, lines: readonly string[]) => {
  const oldLines = lines.filter((line) => !line.startsWith("+")).length;
  const content = { oldStart, oldLines, newStart: oldStart, newLines: 0, lines: [...lines] };
  return { header: "@@", content };
};

test("changedLines() names lines that go, and the places between lines where others come", () => {
  const lines = ["a", "b", "c"];
  assert.deepEqual(changedLines(hunk(1, [" a", "-b", "+x", " c", "+y"]), lines), [2, 2.5, 3.5]);
  assert.deepEqual(changedLines(hunk(1, ["+x"]), lines), [1.5]);
  assert.equal(changedLines(hunk(2, [" a", "-b"]), lines), undefined);
});
