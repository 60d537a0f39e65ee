// act() when an action cannot be done, now or ever.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Errno } from "../../xen-abi/errno.ts";
import { APPLIED, FakeXen, failure, run } from "./fake-xen.test.support.ts";

test("act() says which payload has to be reverted first, and does not retry", async () => {
  for (const prints of [true, false]) {
    const xen = new FakeXen();
    xen.prints = prints;
    xen.load("a", { state: APPLIED });
    xen.load("b", { state: APPLIED });
    const error = await failure(run(xen, "revert", "a"));
    assert.equal(error.report.code, "host/wrong-state");
    assert.equal(error.errno, Errno.EBUSY);
    assert.match(error.report.remedy ?? "", prints ? /revert "b" first/ : /revert the newer/);
    assert.equal(xen.started.length, 1);
  }
});

test("act() explains a payload that Xen applies only once", async () => {
  const xen = new FakeXen();
  xen.load("a", { oneWay: true });
  const error = await failure(run(xen, "apply", "a"));
  assert.equal(error.report.code, "host/action-failed");
  assert.equal(error.errno, Errno.EINVAL);
  assert.match(error.report.problem, /applies only once/);
});

test("act() does not retry when a domain's wait queue is active", async () => {
  const xen = new FakeXen();
  xen.load("a");
  xen.results.push(Errno.EBUSY);
  xen.message = "d3 found with active waitqueue";
  const error = await failure(run(xen, "apply", "a"));
  assert.match(error.report.problem, /domain d3 has an active wait queue/);
  assert.equal(xen.started.length, 1);
});

test("act() refuses what does not fit the state, without asking Xen", async () => {
  const xen = new FakeXen();
  xen.load("a", { state: APPLIED });
  const applied = await failure(run(xen, "unload", "a"));
  assert.equal(applied.report.code, "host/wrong-state");
  const unknown = await failure(run(xen, "apply", "nobody"));
  assert.equal(unknown.report.code, "host/unknown-payload");
  assert.equal(unknown.errno, Errno.ENOENT);
  assert.deepEqual(xen.started, []);
});
