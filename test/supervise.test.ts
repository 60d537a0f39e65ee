// What the supervisor does around a program that stands for QEMU. The real one is in test/lab/.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { emptyFolder } from "../src/files/files.test.support.ts";
import { tryLock } from "../src/files/lock.ts";
import { shareFile } from "../src/lab/share-file.ts";

/** As systemd-tmpfiles asks before it goes into a directory whose files are old. */
function isLocked(folder: string): boolean {
  return spawnSync("flock", ["-n", folder, "true"]).status === 1;
}

test("supervise.sh has the run directory locked while QEMU lives, and no longer", async (t) => {
  const folder = join(emptyFolder(t), "lab-1");
  mkdirSync(folder);
  using claim = tryLock(join(folder, "claim.lock")) ?? assert.fail();
  using cache = tryLock(join(folder, "cache.lock")) ?? assert.fail();
  const supervisor = spawn("/bin/sh", [shareFile("lab/supervise.sh"), folder, "sleep", "60"], {
    stdio: ["pipe", "ignore", "ignore", claim.descriptor, cache.descriptor],
  });
  const ended = once(supervisor, "exit");
  t.after(() => supervisor.stdin?.end()); // Ends what still runs.
  while (!existsSync(join(folder, "qemu.pid"))) await sleep(5);
  assert.ok(isLocked(folder));
  supervisor.stdin?.end("detach\n");
  await sleep(50);
  assert.ok(isLocked(folder));
  process.kill(Number(readFileSync(join(folder, "qemu.pid"), "utf8")));
  await ended;
  assert.ok(existsSync(join(folder, "exit-status")));
  assert.ok(!isLocked(folder));
});
