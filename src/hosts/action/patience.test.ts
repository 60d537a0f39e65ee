// act() when Xen is busy: a missed meeting of the CPUs, and work of others.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Errno } from "../../xen-abi/errno.ts";
import { APPLIED, FakeXen, failure, options, run } from "./fake-xen.test.support.ts";

test("act() tries a missed rendezvous again, each time with twice the time limit", async () => {
  const xen = new FakeXen();
  xen.load("a");
  xen.results.push(Errno.EBUSY, Errno.EBUSY, Errno.EBUSY);
  const outcome = await run(xen, "apply", "a");
  assert.equal(outcome.retries, 3);
  assert.deepEqual(
    xen.started.map(({ quiesceMs }) => quiesceMs),
    [200, 400, 800, 1600],
  );
});

test("act() keeps the time limit below what Xen's u32 of nanoseconds holds", async () => {
  const xen = new FakeXen();
  xen.load("a");
  xen.results.push(...Array<number>(8).fill(Errno.EBUSY));
  await run(xen, "apply", "a", { deadlineMs: 600_000 });
  assert.deepEqual(xen.started.at(-1)?.quiesceMs, 4294);
});

test("act() gives up at the deadline and says how often it tried", async () => {
  const xen = new FakeXen();
  xen.load("a");
  xen.results.push(...Array<number>(10_000).fill(Errno.EBUSY));
  xen.message = "a: Timed out on semaphore in CPU quiesce phase 0/1";
  const error = await failure(run(xen, "apply", "a", { deadlineMs: 1000 }));
  assert.equal(error.report.code, "host/action-failed");
  assert.equal(error.errno, Errno.EBUSY);
  assert.match(error.report.problem, /busy at \d+ attempts, EBUSY/);
  assert.match(error.report.where ?? "", /Timed out on semaphore/);
  assert.ok(xen.now() <= 1000 + 25, `took ${xen.now()} ms`);
});

test("act() waits while Xen works for somebody else, though its own payload looks busy then", async () => {
  const xen = new FakeXen();
  xen.load("a");
  xen.slotTakenUntil = 2000;
  const outcome = await run(xen, "apply", "a");
  assert.equal(outcome.result, "done");
  assert.equal(outcome.retries, 0);
  assert.ok(xen.now() >= 2000);
});

test("act() gets a payload going that an earlier refusal left in progress for ever", async () => {
  const xen = new FakeXen();
  xen.load("a", { rc: -Errno.EAGAIN });
  assert.equal((await run(xen, "apply", "a")).result, "done");
  xen.load("b", { rc: -Errno.EAGAIN });
  assert.equal((await run(xen, "unload", "b")).result, "done");
  xen.load("c", { state: APPLIED, rc: -Errno.EAGAIN });
  assert.equal((await run(xen, "apply", "c")).result, "unnecessary");
});

test("act() takes another client's result for what it is", async () => {
  const xen = new FakeXen();
  xen.workMs = 1000;
  xen.load("a");
  assert.equal(await xen.start({ ...options, action: "apply", name: "a" }), 0);
  const outcome = await run(xen, "apply", "a");
  assert.equal(outcome.result, "unnecessary");
  assert.deepEqual(outcome.status, { kind: "applied" });
});

test("act() sees its own action through when another client's revert ended right before it", async () => {
  const xen = new FakeXen();
  xen.workMs = 210;
  xen.load("a", { state: APPLIED });
  assert.equal(await xen.start({ ...options, action: "revert", name: "a" }), 0);
  const start = xen.start.bind(xen);
  xen.start = async (request) => {
    await xen.sleep(20);
    return start(request);
  };
  const outcome = await run(xen, "apply", "a");
  assert.equal(outcome.result, "done");
  assert.deepEqual(outcome.status, { kind: "applied" });
});

test("act() says so when an action is still under way at the deadline", async () => {
  const xen = new FakeXen();
  xen.workMs = 60_000;
  xen.load("a");
  const error = await failure(run(xen, "apply", "a", { deadlineMs: 500 }));
  assert.equal(error.report.code, "host/timeout");
  assert.match(error.report.problem, /still has pending work after 500 ms/);
});

test("act() takes a hook's veto for one, though it is the number of a missed meeting", async () => {
  for (const action of ["apply", "revert"] as const) {
    const xen = new FakeXen();
    xen.load("a", action === "revert" ? { state: APPLIED } : {});
    xen.results.push(...Array<number>(100).fill(Errno.EBUSY));
    xen.message = `a: pre-${action} hook failed (rc=-16), aborting!`;
    const error = await failure(run(xen, action, "a"));
    assert.match(error.report.problem, new RegExp(`pre-${action} hook refused with -16`));
    assert.equal(error.errno, Errno.EBUSY);
    assert.equal(xen.started.length, 1);
  }
});

test("act() judges each attempt by what Xen printed of it", async () => {
  const xen = new FakeXen();
  xen.load("a");
  // Of one action: the CPUs miss each other, and at the next attempt a hook refuses, with the same number.
  xen.results.push(Errno.EBUSY, {
    errno: Errno.EBUSY,
    message: "a: pre-apply hook failed (rc=-16), aborting!",
  });
  const error = await failure(run(xen, "apply", "a"));
  assert.match(error.report.problem, /pre-apply hook refused with -16/);
  assert.equal(xen.started.length, 2);
});

test("act() does not run a hook for long of which Xen says nothing", async () => {
  const xen = new FakeXen();
  xen.load("a");
  xen.results.push(...Array<number>(100).fill(Errno.EBUSY));
  xen.message = "";
  const error = await failure(run(xen, "apply", "a"));
  assert.equal(xen.started.length, 3);
  assert.match(error.report.remedy ?? "", /apply or revert hook/);
});

test("act() goes on trying where no console tells why", async () => {
  const xen = new FakeXen();
  xen.load("a");
  xen.isReadable = false;
  xen.results.push(...Array<number>(5).fill(Errno.EBUSY));
  assert.equal((await run(xen, "apply", "a")).retries, 5);
});
