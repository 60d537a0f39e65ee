// act() when all goes well, and when the payload is there already.

import assert from "node:assert/strict";
import { test } from "node:test";
import { APPLIED, FakeXen, run } from "./fake-xen.test.support.ts";

test("act() waits for the result of each action and reads the state back", async () => {
  const xen = new FakeXen();
  xen.load("a");
  assert.deepEqual(await run(xen, "apply", "a"), {
    action: "apply",
    name: "a",
    result: "done",
    retries: 0,
    elapsedMs: 3,
    status: { kind: "applied" },
    reverted: [],
  });
  const reverted = await run(xen, "revert", "a");
  assert.deepEqual(reverted.status, { kind: "checked" });
  const unloaded = await run(xen, "unload", "a");
  assert.equal(unloaded.status, undefined);
  assert.equal(unloaded.result, "done");
  assert.equal(xen.payloads.size, 0);
});

test("act() sends nothing when the payload is where it should be", async () => {
  const xen = new FakeXen();
  xen.load("a", { state: APPLIED });
  xen.load("b");
  assert.equal((await run(xen, "apply", "a")).result, "unnecessary");
  assert.equal((await run(xen, "revert", "b")).result, "unnecessary");
  assert.equal((await run(xen, "replace", "a")).result, "unnecessary");
  assert.deepEqual(xen.started, []);
});
