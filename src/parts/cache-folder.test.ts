// The cache is run and goes into payloads: whoever can write to it decides what they do.

import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { emptyFolder } from "../files/files.test.support.ts";
import { requireCacheFolder } from "./cache-folder.ts";
import { useCache } from "./lock.ts";

test("requireCacheFolder() makes a directory into which only we may look, whatever the umask", (t) => {
  const cache = join(emptyFolder(t), "cache/xsplice");
  const umask = process.umask(0);
  t.after(() => process.umask(umask));
  requireCacheFolder(cache);
  assert.equal(statSync(cache).mode & 0o777, 0o700);
});

test("requireCacheFolder() closes a cache that an earlier release left open", (t) => {
  const cache = join(emptyFolder(t), "xsplice");
  mkdirSync(cache);
  chmodSync(cache, 0o755);
  requireCacheFolder(cache);
  assert.equal(statSync(cache).mode & 0o777, 0o700);
});

test("requireCacheFolder() refuses a place where others can put another cache in its stead", (t) => {
  const above = join(emptyFolder(t), "shared");
  const cache = join(above, "cache/xsplice");
  mkdirSync(cache, { recursive: true });
  chmodSync(above, 0o777);
  const refusal = {
    message: /^Cannot use the cache ".*": other users may write to ".*shared" above it/,
  };
  assert.throws(() => requireCacheFolder(cache), refusal);
  // As /tmp is: only owners rename what lies there.
  chmodSync(above, 0o1777);
  requireCacheFolder(cache);
});

test("requireCacheFolder() refuses a cache by a link that another user has put", {
  skip: process.getuid?.() !== 0 && "only root can give it away",
}, (t) => {
  const folder = emptyFolder(t);
  mkdirSync(join(folder, "own/xsplice"), { recursive: true });
  symlinkSync("own", join(folder, "link"));
  lchownSync(join(folder, "link"), 65534, 65534);
  const refusal = { message: /^Cannot use the cache ".*": ".*link" belongs to another user/ };
  assert.throws(() => requireCacheFolder(join(folder, "link/xsplice")), refusal);
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
