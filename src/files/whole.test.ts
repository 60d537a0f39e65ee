import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as v from "valibot";
import { emptyFolder } from "./files.test.support.ts";
import { makeWhole } from "./make-whole.ts";
import { readKept } from "./read-kept.ts";
import { writeWhole } from "./write-whole.ts";

test("writeWhole() writes a file and one in its place, and leaves nothing beside", (t) => {
  const folder = emptyFolder(t);
  const path = join(folder, "file");
  writeWhole(path, "one", { mode: 0o600 });
  writeWhole(path, new Uint8Array([0x32]), { survives: "death of the process" });
  assert.equal(readFileSync(path, "utf8"), "2");
  writeWhole(path, "three", { mode: 0o600 });
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(folder), ["file"]);
});

test("writeWhole() leaves what was there, and nothing else, when it fails", (t) => {
  const folder = emptyFolder(t);
  mkdirSync(join(folder, "taken/full"), { recursive: true });
  assert.throws(() => writeWhole(join(folder, "taken"), "x"), { code: "EISDIR" });
  assert.throws(() => writeWhole(join(folder, "none/file"), "x"), { code: "ENOENT" });
  assert.deepEqual(readdirSync(folder, { recursive: true }), ["taken", "taken/full"]);
});

test("makeWhole() makes a file or a folder, also where a damaged one lies", async (t) => {
  const folder = emptyFolder(t);
  const path = join(folder, "deep/thing");
  const makeFolder = (text: string) => async (unfinished: string) => {
    mkdirSync(unfinished);
    writeFileSync(join(unfinished, text), "");
  };
  await makeWhole(path, makeFolder("one"));
  await makeWhole(path, makeFolder("two"));
  assert.deepEqual(readdirSync(path), ["two"]);
  await makeWhole(join(folder, "deep/file"), async (unfinished) => writeFileSync(unfinished, "x"));
  await makeWhole(join(folder, "deep/file"), async (unfinished) => writeFileSync(unfinished, "y"));
  assert.equal(readFileSync(join(folder, "deep/file"), "utf8"), "y");
  assert.deepEqual(readdirSync(join(folder, "deep")).sort(), ["file", "thing"]);
});

test("makeWhole() leaves what was there, and nothing else, when it fails", async (t) => {
  const folder = emptyFolder(t);
  writeFileSync(join(folder, "thing"), "old");
  const making = makeWhole(join(folder, "thing"), async (unfinished) => {
    writeFileSync(unfinished, "half");
    throw new Error("no space");
  });
  await assert.rejects(making, /^Error: no space$/);
  assert.deepEqual(readdirSync(folder), ["thing"]);
  assert.equal(readFileSync(join(folder, "thing"), "utf8"), "old");
});

test("readKept() takes what is missing, empty, damaged or of another form for not there", (t) => {
  const path = join(emptyFolder(t), "kept.json");
  const schema = v.object({ format: v.literal(1), names: v.array(v.string()) });
  assert.equal(readKept(path, schema), undefined);
  const whole = '{"format":1,"names":["a"]}';
  for (const text of ["", "\0\0\0\0", whole.slice(0, 12), whole.replace("1", "2"), "{}"]) {
    writeFileSync(path, text);
    assert.equal(readKept(path, schema), undefined, text);
  }
  writeFileSync(path, whole);
  assert.deepEqual(readKept(path, schema), { format: 1, names: ["a"] });
});
