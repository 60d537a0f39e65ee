// The lock of the cache, which goes with whoever holds it.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { kill, runUntilKilled } from "../files/files.test.support.ts";
import { withLock } from "./lock.ts";

const cache = mkdtempSync(join(tmpdir(), "xsplice-lock-"));
after(() => rmSync(cache, { recursive: true, force: true }));

test("withLock() says which program it lacks", async () => {
  const path = process.env["PATH"];
  process.env["PATH"] = cache;
  try {
    await assert.rejects(
      withLock(cache, "any", async () => undefined),
      /the program flock is missing\n +remedy: +install it/,
    );
  } finally {
    process.env["PATH"] = path;
  }
});

test("withLock() lets one work at a time, and goes on when a holder is killed", async (t) => {
  const lock = new URL("./lock.js", import.meta.url).href;
  // Its work says when it has begun, and never ends.
  const script = `import { withLock } from ${JSON.stringify(lock)};
    await new Promise((begun) => {
      withLock(${JSON.stringify(cache)}, "x", () => { begun(); return new Promise(() => {}); });
    });`;
  const holder = await runUntilKilled(t, script);
  let entered = false;
  const waiting = withLock(cache, "x", async () => {
    entered = true;
  });
  await assert.rejects(
    withLock(cache, "x", async () => undefined, AbortSignal.timeout(50)),
    { name: "TimeoutError" },
  );
  assert.ok(!entered);
  await kill(holder);
  await waiting;
  assert.ok(entered);
});
