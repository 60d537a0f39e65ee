import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { asStorageError, BuildError, requireSpace } from "../build-outcome/build-error.ts";
import {
  elsewhere,
  leaveAbandoned,
  runUntilKilled,
  whyNotElsewhere,
} from "../files/files.test.support.ts";
import { findObject, keepObject } from "./objects/kept-objects.ts";
import {
  linkTree,
  makeWorkFolder,
  readTreeContents,
  replaceFile,
  writeSources,
} from "./scratch-tree.ts";

function makeFolder(t: { after(work: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-scratch-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("linkTree() makes a copy in which files can be replaced without harm to the base", (t) => {
  const folder = makeFolder(t);
  const [base, copy] = [join(folder, "base"), join(folder, "copy")];
  const source = {
    path: "xen/a.c",
    content: { kind: "file" as const, bytes: Buffer.from("one"), executable: false },
  };
  writeSources([source], base);
  writeFileSync(join(base, "xen/generated.h"), "two");
  const contents = readTreeContents(base, new Set(["xen/a.c"]), /^xen\/arm/);
  assert.deepEqual(contents, {
    folders: ["xen"],
    sources: ["xen/a.c"],
    generated: ["xen/generated.h"],
  });
  linkTree(base, contents, { folder: copy, generated: "copied" });
  const inodes = [base, copy].map((place) => statSync(join(place, "xen/a.c")).ino);
  assert.equal(inodes[0], inodes[1]);
  assert.equal(
    statSync(join(copy, "xen/generated.h"), { bigint: true }).mtimeNs,
    statSync(join(base, "xen/generated.h"), { bigint: true }).mtimeNs,
  );
  replaceFile(copy, "xen/a.c", "three");
  writeFileSync(join(copy, "xen/generated.h"), "four");
  replaceFile(copy, "xen/fresh/b.c", "five");
  assert.equal(readFileSync(join(base, "xen/a.c"), "utf8"), "one");
  assert.equal(readFileSync(join(base, "xen/generated.h"), "utf8"), "two");
  assert.equal(readFileSync(join(copy, "xen/fresh/b.c"), "utf8"), "five");
});

test("makeWorkFolder() removes the folders of killed builds and keeps those of living ones", (t) => {
  const parent = join(makeFolder(t), "work");
  using own = makeWorkFolder(parent);
  leaveAbandoned(parent, "build-killed");
  using second = makeWorkFolder(parent);
  assert.deepEqual(
    readdirSync(parent)
      .map((name) => join(parent, name))
      .sort(),
    [own.path, second.path].sort(),
  );
});

test("makeWorkFolder() keeps the folder of a build that another container cannot see", {
  skip: whyNotElsewhere(),
}, async (t) => {
  const parent = join(makeFolder(t), "work");
  using own = makeWorkFolder(parent);
  const module = JSON.stringify(new URL("./scratch-tree.js", import.meta.url).href);
  const script = `import { makeWorkFolder } from ${module};
      globalThis.work = makeWorkFolder(${JSON.stringify(parent)});`;
  await runUntilKilled(t, script, elsewhere);
  assert.ok(existsSync(own.path));
  // Nor does it take that one's, whose process has a number here that says nothing.
  assert.equal(readdirSync(parent).length, 2);
  using third = makeWorkFolder(parent);
  assert.ok(existsSync(third.path));
  assert.equal(readdirSync(parent).length, 3);
});

test("findObject() finds only what keepObject() has written as a whole", (t) => {
  const folder = makeFolder(t);
  const made = { bytes: Buffer.from([1, 2]), command: "gcc", dependencies: ["a.c"] };
  assert.equal(findObject(folder, "common/a.o"), undefined);
  mkdirSync(join(folder, "objects/common"), { recursive: true });
  writeFileSync(join(folder, "objects/common/a.o"), "half");
  assert.equal(findObject(folder, "common/a.o"), undefined);
  keepObject(folder, "common/a.o", made);
  assert.deepEqual(findObject(folder, "common/a.o"), made);
  assert.deepEqual(readdirSync(join(folder, "objects/common")), ["a.o", "a.o.json"]);
  writeFileSync(join(folder, "objects/common/a.o"), "");
  assert.equal(findObject(folder, "common/a.o"), undefined);
});

test("asStorageError() says what a full disk means, and leaves other errors alone", () => {
  const full = Object.assign(new Error("x"), { code: "ENOSPC" });
  const told = asStorageError(full, "/cache");
  assert.ok(told instanceof BuildError && /disk is full/.test(told.report.problem));
  assert.throws(() => requireSpace("as: x.o: No space left on device", "/cache"), BuildError);
  requireSpace("error: expected ;", "/cache");
  const other = new Error("y");
  assert.equal(asStorageError(other, "/cache"), other);
});

test("asStorageError() names the path without access, and takes none of the source for the cache's", () => {
  const refused = (path: string) => Object.assign(new Error("x"), { code: "EACCES", path });
  const told = asStorageError(refused("/cache/build/key/work"), "/cache");
  assert.ok(told instanceof BuildError);
  assert.equal(told.report.where, "/cache/build/key/work");
  assert.match(told.report.remedy ?? "", /^give access to it, or set XDG_CACHE_HOME/);
  const ofSource = refused("/source/xen/Makefile");
  assert.equal(asStorageError(ofSource, "/cache"), ofSource);
});
