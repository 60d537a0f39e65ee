import assert from "node:assert/strict";
import { test } from "node:test";
import { BuildError } from "../build-outcome/build-error.ts";
import { type FilePatch, parsePatchFile } from "./patch-file.ts";

const known = new Set(["xen/common/kernel.c", "xen/common/old.c", "tools/xl/xl.c"]);

const parse = (text: string): FilePatch[] =>
  parsePatchFile({ name: "fix.patch", bytes: Buffer.from(text) }, (path) => known.has(path));

const hunk = "@@ -1,2 +1,3 @@\n one\n+new\n two\n";

test("parsePatchFile() finds out by itself how many leading folders to cut", () => {
  const names = ["a/xen/common/kernel.c", "xen/common/kernel.c", "x/y/xen/common/kernel.c"];
  for (const name of names) {
    const [file] = parse(`--- ${name}\n+++ ${name}\n${hunk}`);
    assert.equal(file?.newPath, "xen/common/kernel.c");
    assert.equal(file?.kind, "change");
  }
});

test("parsePatchFile() reads several files, with words between them", () => {
  const files = parse(
    `From: someone\nSubject: x\n\n--- a/xen/common/kernel.c\t2020\n+++ b/xen/common/kernel.c\n${hunk}` +
      `--- a/tools/xl/xl.c\n+++ b/tools/xl/xl.c\n${hunk}-- \n2.39.5\n\nFrom: other\n--- a/xen/common/old.c\n+++ b/xen/common/old.c\n${hunk}-- \n2.39.5\n`,
  );
  assert.deepEqual(
    files.map(({ newPath }) => newPath),
    ["xen/common/kernel.c", "tools/xl/xl.c", "xen/common/old.c"],
  );
});

test("parsePatchFile() tells new, deleted and renamed files apart", () => {
  const files = parse(
    "diff --git a/xen/common/new.c b/xen/common/new.c\nnew file mode 100644\nindex 000..111\n" +
      "--- /dev/null\n+++ b/xen/common/new.c\n@@ -0,0 +1,1 @@\n+int x;\n" +
      "diff --git a/xen/common/kernel.c b/xen/common/kernel.c\ndeleted file mode 100644\n" +
      "--- a/xen/common/kernel.c\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-int x;\n" +
      "diff --git a/xen/common/old.c b/xen/common/moved.c\nsimilarity index 100%\n" +
      "rename from xen/common/old.c\nrename to xen/common/moved.c\n",
  );
  assert.deepEqual(
    files.map(({ kind, oldPath, newPath }) => [kind, oldPath, newPath]),
    [
      ["create", undefined, "xen/common/new.c"],
      ["delete", "xen/common/kernel.c", undefined],
      ["rename", "xen/common/old.c", "xen/common/moved.c"],
    ],
  );
});

test("parsePatchFile() takes a plain diff of a file against nothing as a new file", () => {
  const text =
    "--- a/xen/common/new.c\t1970\n+++ b/xen/common/new.c\t2020\n@@ -0,0 +1,1 @@\n+int x;\n";
  const [file] = parse(text);
  assert.equal(file?.kind, "create");
  assert.equal(file?.hunks[0]?.header, "@@ -0,0 +1,1 @@");
});

test("parsePatchFile() takes hunks without context at the top of a file for what they are", () => {
  const name = "xen/common/kernel.c";
  for (const range of ["@@ -1,2 +0,0 @@\n-one\n-two\n", "@@ -0,0 +1,1 @@\n+one\n"]) {
    const [file] = parse(`--- a/${name}\n+++ b/${name}\n${range}`);
    assert.deepEqual([file?.kind, file?.oldPath, file?.newPath], ["change", name, name]);
  }
});

test("parsePatchFile() takes a file from the start of time, as diff -N writes it, for none", () => {
  const never = "1970-01-01 01:00:00.000000000 +0100";
  const name = "xen/common/kernel.c";
  const gone = `--- a/${name}\t2020-01-01\n+++ b/${name}\t${never}\n@@ -1,1 +0,0 @@\n-one\n`;
  assert.equal(parse(gone)[0]?.kind, "delete");
  const made = `--- a/${name}\t${never}\n+++ b/${name}\t2020-01-01\n@@ -0,0 +1,1 @@\n+one\n`;
  assert.equal(parse(made)[0]?.kind, "create");
});

test("parsePatchFile() takes the name of a file that is there, whichever line has it", () => {
  const name = "xen/common/kernel.c";
  for (const names of [`--- ${name}.orig\n+++ ${name}`, `--- ${name}\n+++ ${name}.new`]) {
    const [file] = parse(`${names}\n${hunk}`);
    assert.deepEqual([file?.kind, file?.oldPath, file?.newPath], ["change", name, name]);
  }
});

test("parsePatchFile() refuses hunks with more lines than they say", () => {
  const text = `--- a/xen/common/kernel.c\n+++ b/xen/common/kernel.c\n${hunk}+more\n`;
  assert.throws(() => parse(text), BuildError);
});

test("parsePatchFile() refuses what is no patch, and paths out of the source", () => {
  const wrong = [
    "",
    "hello\n",
    `--- a/xen/common/kernel.c\n+++ b/xen/common/kernel.c\n@@ -1,9 +1,3 @@\n one\n`,
    `--- a/../../etc/passwd\n+++ b/../../etc/passwd\n${hunk}`,
  ];
  for (const text of wrong) {
    assert.throws(
      () => parse(text),
      (error) => error instanceof BuildError && error.report.code === "build/bad-patch",
      JSON.stringify(text),
    );
  }
});
