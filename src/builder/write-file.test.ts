import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { BuilderError } from "./errors.ts";
import { writeFileAtomically } from "./write-file.ts";

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
    BuilderError,
  );
  assert.deepEqual(readdirSync(folder), before);
});
