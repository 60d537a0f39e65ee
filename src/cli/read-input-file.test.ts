import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readInputFile } from "./read-input-file.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-input-"));
after(() => rmSync(folder, { recursive: true }));
const pipe = join(folder, "pipe");
execFileSync("mkfifo", [pipe]);

const limit = { sizeMax: 300_000, reason: "for a test" };

test("readInputFile() reads a pipe to its end, whoever is there first", async () => {
  const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index % 251);
  const [read] = await Promise.all([readInputFile(pipe, limit), writeFile(pipe, bytes)]);
  assert.deepEqual(read, bytes);
});

test("readInputFile() reads a device up to the limit", async () => {
  assert.deepEqual(await readInputFile("/dev/null", limit), new Uint8Array());
  await assert.rejects(readInputFile("/dev/zero", limit), {
    message:
      'Cannot use "/dev/zero": it has more than 300000 bytes\n  expected: 300000 bytes at most, for a test',
  });
});

test("readInputFile() stops waiting for a pipe when it is told to", async () => {
  const stop = new AbortController();
  const reading = readInputFile(pipe, { ...limit, signal: stop.signal });
  setTimeout(() => stop.abort(new Error("enough")), 20);
  await assert.rejects(reading, /^Error: enough$/);
});
