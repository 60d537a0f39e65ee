// `lab clean` beside commands that use the cache at the same time.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  emptyFolder,
  kill,
  leaveAbandoned,
  runUntilKilled,
} from "../src/files/files.test.support.ts";
import { requireCacheFolder } from "../src/parts/cache-folder.ts";
import { useCache, withLock } from "../src/parts/lock.ts";

const main = fileURLToPath(new URL("../src/cli/main.js", import.meta.url));
const lockModule = JSON.stringify(new URL("../src/parts/lock.js", import.meta.url).href);

/** A place of its own for cache, labs and temporary folders. */
function cleanIn(place: string, ...options: readonly string[]) {
  const env = { ...process.env, XDG_CACHE_HOME: place, XDG_RUNTIME_DIR: place, TMPDIR: place };
  const words = [main, "--json", "lab", "clean", ...options];
  const { stdout, status } = spawnSync(process.execPath, words, { encoding: "utf8", env });
  return { ...JSON.parse(stdout), status };
}

function fillCache(place: string): string {
  const cache = join(place, "xsplice");
  for (const folder of ["build/key/work", "snapshots/kind"]) {
    mkdirSync(join(cache, folder), { recursive: true });
  }
  writeFileSync(join(cache, "build/key/base.json"), "{}");
  return cache;
}

test("lab clean --cache removes nothing under a process that holds a lock", async (t) => {
  const place = emptyFolder(t);
  const cache = fillCache(place);
  const script = `import { withLock } from ${lockModule};
    await new Promise((isIn) => withLock(${JSON.stringify(cache)}, "x", async () => {
      isIn();
      await new Promise((done) => setTimeout(done, 600_000));
    }));`;
  const holder = await runUntilKilled(t, script);
  for (const option of ["--cache", "--snapshots"]) {
    const { error, status } = cleanIn(place, option);
    assert.deepEqual([error.code, status], ["parts/in-use", 1]);
  }
  assert.ok(existsSync(join(cache, "build/key/base.json")));
  assert.ok(existsSync(join(cache, "snapshots/kind")));
  let isIn = false;
  const second = withLock(cache, "x", async () => {
    isIn = true;
  });
  await assert.rejects(
    withLock(cache, "x", async () => undefined, AbortSignal.timeout(200)),
    { name: "TimeoutError" },
  );
  assert.ok(!isIn, "two processes hold one lock");
  await kill(holder);
  await second;
});

test("lab clean removes the snapshots alone, or all of the cache, when nobody needs it", async (t) => {
  const place = emptyFolder(t);
  const cache = fillCache(place);
  leaveAbandoned(place, `xsplice-compile-${process.pid}-abcdef`);
  (await useCache(cache))[Symbol.dispose]();
  const cleaned = {
    labs: 0,
    folders: 1,
    kept: [],
    removed: "nothing",
    cache,
    status: 0,
    version: 1,
  };
  assert.deepEqual(cleanIn(place), cleaned);
  assert.equal(cleanIn(place, "--snapshots").removed, "snapshots");
  assert.deepEqual(readdirSync(cache).sort(), ["build", "in-use.lock"]);
  assert.equal(cleanIn(place, "--cache").removed, "cache");
  assert.deepEqual(readdirSync(cache), ["in-use.lock"]);
});

test("a cache that something else has changed is told as such, and what to do", (t) => {
  const place = emptyFolder(t);
  const inUse = join(place, "xsplice/in-use.lock");
  mkdirSync(inUse, { recursive: true });
  const { error, status } = cleanIn(place, "--cache");
  assert.deepEqual([error.code, error.where, status], ["system/cache-changed", inUse, 1]);
  assert.equal(error.problem, "Cannot use the cache: it is a directory");
  assert.match(error.remedy, /^remove what is at this path/);
});

test("a file where a directory of the cache should be is not said to exist already", (t) => {
  const cache = join(emptyFolder(t), "xsplice");
  writeFileSync(cache, "");
  assert.throws(
    () => requireCacheFolder(cache),
    /^PartsError: Cannot write to the cache ".*": it is not a directory\n/,
  );
});
