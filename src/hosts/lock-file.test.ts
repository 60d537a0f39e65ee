import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { HostError } from "../host/errors.ts";
import { holdLockFile } from "./lock-file.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-lock-"));
after(() => rmSync(folder, { recursive: true }));

test("holdLockFile() lets one in at a time", async () => {
  const path = join(folder, "deep", "one.lock");
  const first = await holdLockFile(path);
  assert.ok(first);
  assert.equal(await holdLockFile(path), undefined);
  await first[Symbol.asyncDispose]();
  const second = await holdLockFile(path);
  assert.ok(second);
  await second[Symbol.asyncDispose]();
});

test("holdLockFile() lets go when its process is killed", async () => {
  const path = join(folder, "killed.lock");
  const module = JSON.stringify(new URL("./lock-file.js", import.meta.url).href);
  const script = `import { holdLockFile } from ${module};
await holdLockFile(${JSON.stringify(path)});
process.stdout.write("held");
setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script]);
  await once(child.stdout, "data");
  assert.equal(await holdLockFile(path), undefined);
  const closed = once(child, "close");
  child.kill("SIGKILL");
  await closed;
  // The holder notices by the end of its input.
  let lock = await holdLockFile(path);
  for (let looks = 0; lock === undefined && looks < 1000; looks++) lock = await holdLockFile(path);
  assert.ok(lock);
  await lock[Symbol.asyncDispose]();
});

test("holdLockFile() says so when the file cannot be", async () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  await assert.rejects(holdLockFile(join(file, "lock")), (error: unknown) => {
    return error instanceof HostError && error.report.code === "host/unsupported";
  });
});
