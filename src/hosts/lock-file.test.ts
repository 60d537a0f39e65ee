import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { HostError } from "../host/errors.ts";
import { holdLockFile } from "./lock-file.ts";

const folder = mkdtempSync(join(tmpdir(), "xsplice-lock-"));
after(() => rmSync(folder, { recursive: true }));

test("holdLockFile() lets one in at a time", async () => {
  const path = join(folder, "one.lock");
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

test("holdLockFile() makes no folder for what may be gone", async () => {
  await assert.rejects(holdLockFile(join(folder, "ended/lock")), isUnsupported);
  assert.ok(!existsSync(join(folder, "ended")));
});

test("holdLockFile() says so when the file cannot be", async () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  await assert.rejects(holdLockFile(join(file, "lock")), isUnsupported);
});

/** Runs `work` while this is all that a command line finds. */
async function withPrograms(
  programs: Readonly<Record<string, string>>,
  work: () => Promise<void>,
): Promise<void> {
  const place = mkdtempSync(join(folder, "bin-"));
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(place, name), text, { mode: 0o755 });
  }
  const path = process.env["PATH"];
  process.env["PATH"] = place;
  try {
    await work();
  } finally {
    process.env["PATH"] = path;
  }
}

test("holdLockFile() tells a host without flock, or without locks, as one where this cannot be done", async () => {
  const refuse = () => assert.rejects(holdLockFile(join(folder, "lock")), isUnsupported);
  await withPrograms({}, refuse);
  const flock = "#!/bin/sh\necho 'flock: 3: No locks available' >&2\nexit 71\n";
  await withPrograms({ flock }, refuse);
});

test("holdLockFile() tells what is wrong for the moment as it is, since a caller may do without a lock", async () => {
  const flock = "#!/bin/sh\nkill -KILL $$\n";
  await withPrograms({ flock }, async () => {
    await assert.rejects(holdLockFile(join(folder, "lock")), /a signal ended the program flock/);
  });
  const script = `import { holdLockFile } from ${JSON.stringify(new URL("./lock-file.js", import.meta.url).href)};
    import { openSync } from "node:fs";
    try { for (;;) openSync("/dev/null"); } catch {}
    await holdLockFile(${JSON.stringify(join(folder, "lock"))}).catch((error) => console.log(error.code));`;
  const words = ["-c", 'ulimit -n 40 && exec "$@"', "sh", process.execPath];
  const { stdout } = spawnSync("sh", [...words, "--input-type=module", "-e", script]);
  assert.equal(String(stdout), "EMFILE\n");
});

function isUnsupported(error: unknown): boolean {
  return error instanceof HostError && error.report.code === "host/unsupported";
}
