import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import { scriptCommand } from "./shell-words.ts";

test("scriptCommand() gives a POSIX shell the very words", () => {
  const word = fc.string({ maxLength: 40 }).filter((text) => !text.includes("\0"));
  fc.assert(
    fc.property(fc.array(word, { maxLength: 4 }), (words) => {
      const command = scriptCommand(`printf '%s\\0' "$@"`, words);
      const output = execFileSync("sh", ["-c", command]).toString();
      assert.equal(output, words.length === 0 ? "\0" : words.map((text) => `${text}\0`).join(""));
    }),
    { numRuns: 25 },
  );
});

test("scriptCommand() quotes a leading =, which zsh would take for a command to be looked up", () => {
  assert.equal(scriptCommand("list", ["=sh", "a=b"]), "sh -c list xsplice '=sh' a=b");
});
