import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BuildError } from "../build-outcome/build-error.ts";
import { type FilePatch, parsePatchFile } from "./patch-file.ts";

const good =
  "--- a/xen/common/kernel.c\n+++ b/xen/common/kernel.c\n@@ -1,2 +1,3 @@\n one\n+new\n two\n";

function parse(text: string): FilePatch[] {
  const exists = (path: string) => path.startsWith("xen/");
  return parsePatchFile({ name: "fix.patch", bytes: Buffer.from(text) }, exists);
}

/** Before the good part and after it; the error shows the line. */
function refuses(other: string, line: string): void {
  for (const text of [`${other}${good}`, `${good}\n${other}`, `${good}\n${other}\n${good}`]) {
    assert.throws(
      () => parse(text),
      (error) =>
        error instanceof BuildError &&
        error.report.code === "build/bad-patch" &&
        error.report.where?.includes(line) === true,
      JSON.stringify(text),
    );
  }
}

const file = "xen/common/version.c";

const forms: readonly (readonly [form: string, text: string, line: string])[] = [
  [
    "a combined diff",
    `diff --cc ${file}\nindex 1,2..3\n--- a/${file}\n+++ b/${file}\n@@@ -1,1 -1,1 +1,1 @@@\n- a\n++b\n`,
    "diff --cc",
  ],
  ["a combined diff without its header", "@@@ -1,1 -1,1 +1,1 @@@\n- a\n++b\n", "@@@ -1,1"],
  [
    "an indented diff",
    `  --- a/${file}\n  +++ b/${file}\n  @@ -1,1 +1,1 @@\n  -a\n  +b\n`,
    "@@ -1,1",
  ],
  [
    "a quoted diff",
    `> --- a/${file}\n> +++ b/${file}\n> @@ -1 +1 @@\n> -a\n> +b\n`,
    "> @@ -1 +1 @@",
  ],
  ["a normal diff", "60c60\n< a\n---\n> b\n", "60c60"],
  ["an ed script", "60,61c\nb\n.\n", "60,61c"],
  ["an RCS script", "d60 1\na60 1\nb\n", "d60 1"],
  [
    "a context diff",
    `*** a/${file}\t2020\n--- b/${file}\t2020\n***************\n*** 1,2 ****\n! a\n--- 1,2 ----\n! b\n`,
    "****",
  ],
  ["a binary file of diff -r", `Binary files a/${file} and b/${file} differ\n`, "Binary files"],
  ["a file of diff -q", `Files a/${file} and b/${file} differ\n`, "Files a"],
  ["a file on one side only", "Only in b/xen/common: new.c\n", "Only in"],
  ["folders that were not compared", "Common subdirectories: a/xen and b/xen\n", "Common"],
  ["a submodule", "Submodule xen 1234567..89abcde:\n", "Submodule"],
  ["an encoded mail", "Content-Transfer-Encoding: base64\n\nLS0tIGEv\n", "base64"],
  [
    "git's header without hunks",
    `diff --git a/${file} b/${file}\nindex 1111..2222 100644\n`,
    "index",
  ],
  ["diff's header without hunks", `diff -ru a/${file} b/${file}\n`, "diff -ru"],
  ["names without hunks", `--- a/${file}\n+++ b/${file}\n\n`, "+++ b/"],
];

for (const [form, text, line] of forms) {
  test(`requireAllRead() refuses a patch with ${form}`, () => refuses(text, line));
}

test("requireAllRead() refuses lines more than a hunk says, those without effect too", () => {
  for (const line of ["+more", "-more", " more"]) {
    assert.throws(() => parse(`${good}${line}\n`), BuildError, line);
  }
});

test("requireAllRead() takes words for words, wherever they stand", () => {
  const words = [
    "From 0123456789 Mon Sep 17 00:00:00 2001\nSubject: [PATCH] x\n\n - one\n + two\n  indented\n---\n xen/common/kernel.c | 2 +-\n",
    "Index: xen/common/kernel.c\n===================================================================\n",
    "diff -r 111111111111 -r 222222222222 xen/common/kernel.c\n",
    "# HG changeset patch\n# Node ID 1\n",
    "> quoted words @@ and more\n",
  ];
  for (const text of words) {
    assert.equal(parse(`${text}${good}`).length, 1, text);
    assert.equal(parse(`${good}-- \n2.39.5\n\n${text}${good}`).length, 2, text);
  }
});

test("requireAllRead() lets the message of a commit quote a diff", () => {
  const begin = "From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\n";
  const quoted = "Subject: x\n\nAs in\n  @@ -1,1 +1,1 @@\n  -a\n  +b\n";
  assert.equal(parse(`${begin}${quoted}---\n\n${good}`).length, 1);
  refuses(quoted, "@@ -1,1");
});

test("requireAllRead() takes what git says in the lines of a header alone", () => {
  const headers = [
    `diff --git a/${file} b/${file}\nold mode 100644\nnew mode 100755\n`,
    `diff --git a/${file} b/xen/common/v.c\nsimilarity index 100%\nrename from ${file}\nrename to xen/common/v.c\n`,
    `diff --git a/${file} b/${file}\nnew file mode 100644\nindex 0000000..e69de29\n`,
    `diff --git a/${file} b/${file}\ndeleted file mode 100644\nindex e69de29..0000000\n`,
  ];
  for (const text of headers) assert.equal(parse(`${text}${good}`).length, 2, text);
});

test("parsePatchFile() tells of git's binary changes, in their long and their short form", () => {
  const header = `diff --git a/${file} b/${file}\nindex 1111111..2222222 100644\n`;
  const long = "GIT binary patch\nliteral 10\nRcmb>#Qt;0#O;1%QDJ=z>\n\nliteral 0\nHcmV?d00001\n\n";
  for (const body of [long, `Binary files a/${file} and b/${file} differ\n`]) {
    const [first, second] = parse(`${header}${body}${good}`);
    assert.deepEqual([first?.kind, first?.newPath], ["binary", file]);
    assert.equal(second?.kind, "change");
  }
});

test("parsePatchFile() reads or refuses whatever text comes with a good patch", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary-ascii" }), { maxLength: 8 }), (lines) => {
      try {
        assert.ok(parse(`${lines.join("\n")}\n${good}`).length > 0);
      } catch (error) {
        assert.ok(error instanceof BuildError, String(error));
      }
    }),
  );
});
