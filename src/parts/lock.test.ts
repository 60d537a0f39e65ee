import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
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
