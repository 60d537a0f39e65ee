// act() with what a replace takes away.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Errno } from "../../xen-abi/errno.ts";
import { APPLIED, FakeXen, failure, run } from "./fake-xen.test.support.ts";

test("act() names the payloads that replace took away", async () => {
  const xen = new FakeXen();
  xen.load("a", { state: APPLIED });
  xen.load("b", { state: APPLIED });
  xen.load("c");
  const outcome = await run(xen, "replace", "c");
  assert.deepEqual(outcome.reverted, ["a", "b"]);
  assert.deepEqual(outcome.status, { kind: "applied" });
});

test("act() names the payloads that a failed replace took away", async () => {
  const xen = new FakeXen();
  xen.load("a", { state: APPLIED });
  xen.load("c");
  xen.results.push(Errno.EINVAL);
  const error = await failure(run(xen, "replace", "c"));
  assert.equal(error.errno, Errno.EINVAL);
  assert.match(error.report.problem, /Xen reverted "a", which the host now runs WITHOUT/);
});

test("act() refuses to replace by a payload that is applied among others", async () => {
  const xen = new FakeXen();
  xen.load("a", { state: APPLIED });
  xen.load("b", { state: APPLIED });
  const error = await failure(run(xen, "replace", "b"));
  assert.equal(error.report.code, "host/wrong-state");
  assert.match(error.report.problem, /and so is "a"/);
  assert.deepEqual(xen.started, []);
});
