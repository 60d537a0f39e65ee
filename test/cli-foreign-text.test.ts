// Names and metadata come from whoever made a payload, the console from guests: they neither steer the
// terminal nor look like lines of ours.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeHost } from "./fake-host.ts";
import { runXsplice } from "./run-cli.ts";

const odd = "fix\u001b]0;owned\u0007\nreal                                    | APPLIED    | ";
const turned = "note=\u202eelif";

test("list shows one line for each payload, whatever is in its name and metadata", async () => {
  const host = new FakeHost().put(odd, { kind: "checked" }, [turned, "a=1\nforged | APPLIED | "]);
  const { stdout, exitCode } = await runXsplice(["list"], { host });
  assert.equal(exitCode, 0);
  const [, , row = "", ...more] = stdout.split("\n");
  assert.deepEqual(more, [""]);
  assert.match(row, /^fix\\x1b\]0;owned\\x07\\nreal +\| APPLIED +\| +\| CHECKED/);
  assert.match(row, /note=\\u202eelif;a=1\\nforged/);
});

test("list --json has the very names, and no character that a terminal obeys", async () => {
  const host = new FakeHost().put(odd, { kind: "checked" }, [turned]);
  const { stdout } = await runXsplice(["list", "--json"], { host });
  assert.doesNotMatch(stdout.trimEnd(), /\p{Cc}|\p{Cf}/u);
  assert.ok(JSON.stringify(JSON.parse(stdout)).includes(JSON.stringify(odd)));
});

test("an error that names it is shown alike", async () => {
  const { stderr } = await runXsplice(["revert", odd], { host: new FakeHost() });
  assert.doesNotMatch(stderr, /[^\P{Cc}\n]|\p{Cf}/u);
  assert.match(stderr, /fix\\x1b\]0;owned/);
});
