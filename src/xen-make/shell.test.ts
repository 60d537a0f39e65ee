import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { joinContinuedLines, splitCommands } from "./shell.ts";

test("splitCommands() splits at separators and keeps what quotes hold together", () => {
  assert.deepEqual(
    splitCommands(`set -e;  echo '  CC; x'; gcc "-DX=a b" -c a\\ b.c && rm -f x|cat`),
    [
      ["set", "-e"],
      ["echo", "  CC; x"],
      ["gcc", "-DX=a b", "-c", "a b.c"],
      ["rm", "-f", "x"],
      ["cat"],
    ],
  );
  assert.deepEqual(splitCommands(`a 'it'\\''s' "q\\"q"`), [["a", "it's", 'q"q']]);
});

test("splitCommands() ends at the end of the line, whatever it is", () => {
  fc.assert(fc.property(fc.string({ maxLength: 80 }), (line) => void splitCommands(line)));
});

test("splitCommands() gives back words that were put into single quotes", () => {
  const words = fc.array(fc.string({ maxLength: 10 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(words, (list) => {
      const line = list.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
      assert.deepEqual(splitCommands(line), [list]);
    }),
  );
});

test("joinContinuedLines() makes one line of continued ones", () => {
  assert.deepEqual(joinContinuedLines("a \\\n b\nc"), ["a   b", "c"]);
});
