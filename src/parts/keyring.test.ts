// The keyring, where the machine has none: from the mirror of mirror.test.support.ts.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { requireKeyring } from "./keyring.ts";
import { emptyCache, forgery, world } from "./mirror.test.support.ts";

test("requireKeyring() brings the keyring with the machine's own apt where there is none", async () => {
  const cache = emptyCache();
  const notes: string[] = [];
  const path = await requireKeyring(
    cache,
    { onProgress: ({ text }) => notes.push(text) },
    join(world, "empty"),
  );
  assert.equal(readFileSync(path, "utf8"), "keys");
  assert.match(notes.join(), /debian-archive-keyring/);
  assert.equal(
    await requireKeyring(cache, { onProgress: () => assert.fail() }, join(world, "empty")),
    path,
  );
});

test("requireKeyring() takes no package but the one that the lists name", async () => {
  const cache = emptyCache();
  writeFileSync(forgery, "");
  await assert.rejects(requireKeyring(cache, {}, join(world, "empty")), {
    message: /it is not the file that the signed lists name/,
  });
});
