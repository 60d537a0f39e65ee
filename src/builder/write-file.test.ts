import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { BuilderError } from "../build-outcome/builder-error.ts";
import { removeEarlierResult, writeFileAtomically } from "./write-file.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-write-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("writeFileAtomically() writes and overwrites, and leaves only the file", async () => {
  const path = join(folder, "out");
  await writeFileAtomically(path, Uint8Array.of(1, 2, 3));
  await writeFileAtomically(path, Uint8Array.of(4));
  assert.deepEqual(new Uint8Array(readFileSync(path)), Uint8Array.of(4));
  assert.deepEqual(readdirSync(folder), ["out"]);
});

test("writeFileAtomically() leaves nothing behind when it fails", async () => {
  const path = join(folder, "taken");
  mkdirSync(path);
  const before = readdirSync(folder);
  await assert.rejects(writeFileAtomically(path, Uint8Array.of(1)), BuilderError);
  await assert.rejects(
    writeFileAtomically(join(folder, "no", "out"), Uint8Array.of(1)),
    /Cannot write ".*out": there is no such directory\n +remedy: +name another place/,
  );
  assert.deepEqual(readdirSync(folder), before);
});

test("writeFileAtomically() writes into a pipe or device, and never in its place", async () => {
  const path = join(folder, "pipe");
  execFileSync("mkfifo", [path]);
  const [read] = await Promise.all([readFile(path), writeFileAtomically(path, Uint8Array.of(7))]);
  assert.deepEqual(new Uint8Array(read), Uint8Array.of(7));
  assert.ok(lstatSync(path).isFIFO());
  rmSync(path);
});

test("writeFileAtomically() writes what a symbolic link names, and leaves the link", async () => {
  const [target, link] = [join(folder, "target"), join(folder, "link")];
  writeFileSync(target, "old");
  symlinkSync("target", link);
  await writeFileAtomically(link, Uint8Array.of(9));
  assert.ok(lstatSync(link).isSymbolicLink());
  assert.deepEqual(new Uint8Array(readFileSync(target)), Uint8Array.of(9));
});

test("removeEarlierResult() takes away a file, also behind a link, and never a device", async () => {
  const [target, link] = [join(folder, "earlier"), join(folder, "to-earlier")];
  writeFileSync(target, "old");
  symlinkSync("earlier", link);
  await removeEarlierResult(link);
  assert.ok(!readdirSync(folder).includes("earlier"));
  assert.ok(lstatSync(link).isSymbolicLink());
  const pipe = join(folder, "earlier-pipe");
  execFileSync("mkfifo", [pipe]);
  await removeEarlierResult(pipe);
  assert.ok(lstatSync(pipe).isFIFO());
  await removeEarlierResult(join(folder, "never-there"));
  rmSync(pipe);
});
