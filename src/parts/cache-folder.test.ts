// The cache is run and goes into payloads: whoever can write to it decides what they do.

import assert from "node:assert/strict";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { emptyFolder } from "../files/files.test.support.ts";
import { requireCacheFolder } from "./cache-folder.ts";
import { useCache } from "./lock.ts";

test("requireCacheFolder() makes a directory to which only we may write, whatever the umask", (t) => {
  const cache = join(emptyFolder(t), "cache/xsplice");
  const umask = process.umask(0);
  t.after(() => process.umask(umask));
  requireCacheFolder(cache);
  assert.equal(statSync(cache).mode & 0o777, 0o755);
});

for (const mode of [0o777, 0o775, 0o757, 0o1777]) {
  test(`useCache() refuses a cache of mode ${mode.toString(8)}, and makes nothing in it`, async (t) => {
    const cache = join(emptyFolder(t), "xsplice");
    mkdirSync(cache);
    chmodSync(cache, mode);
    await assert.rejects(useCache(cache), {
      message: /^Cannot use the cache ".*": other users may write to it \(mode \d+\)\n/,
    });
    assert.deepEqual(readdirSync(cache), []);
  });
}

test("useCache() refuses a cache of another user", {
  skip: process.getuid?.() !== 0 && "only root can give it away",
}, async (t) => {
  const cache = join(emptyFolder(t), "xsplice");
  mkdirSync(cache);
  chownSync(cache, 65534, 65534);
  await assert.rejects(useCache(cache), { message: /^Cannot use the cache ".*": it belongs to/ });
  assert.ok(existsSync(cache));
});
