import assert from "node:assert/strict";
import { test } from "node:test";
import { HostError } from "../host/errors.ts";
import type { Action, ActOptions, PayloadStatus } from "../host/host.ts";
import { Errno } from "../xen-abi/errno.ts";
import { type ActTarget, act, type StartRequest } from "./act.ts";
import type { Clock } from "./clock.ts";
import { decodeStatus } from "./status.ts";

const CHECKED = 1;
const APPLIED = 2;

interface FakePayload {
  state: number;
  rc: number;
  /** Reverted before, with writable data: Xen applies such a payload only once. */
  oneWay: boolean;
}

/**
 * The rules of ABI §4.1 in a few lines: one slot for pending work, an action in the wrong state
 * does nothing, -EAGAIN stays when the slot was taken. Time passes only by sleeping.
 */
class FakeXen implements ActTarget, Clock {
  readonly label = "a fake";
  readonly payloads = new Map<string, FakePayload>();
  /** Applied, the oldest first. */
  readonly stack: string[] = [];
  readonly started: StartRequest[] = [];
  /** Results of the next rendezvous; 0 when it is empty. */
  readonly results: number[] = [];
  /** Printed together with a result that is not 0. */
  message = "";
  /** Rendezvous take this long, and until then the slot is taken by others. */
  workMs = 3;
  slotTakenUntil = 0;
  prints = true;
  #time = 0;
  #text = "";
  #pending: { readonly at: number; readonly end: () => void; readonly name: string } | undefined;

  load(name: string, payload: Partial<FakePayload> = {}): void {
    this.payloads.set(name, { state: CHECKED, rc: 0, oneWay: false, ...payload });
    if (payload.state === APPLIED) this.stack.push(name);
  }

  now(): number {
    return this.#time;
  }

  async sleep(milliseconds: number): Promise<void> {
    this.#time += milliseconds;
    if (this.#pending !== undefined && this.#pending.at <= this.#time) {
      const { end } = this.#pending;
      this.#pending = undefined;
      end();
    }
  }

  async status(name: string): Promise<PayloadStatus | undefined> {
    const payload = this.payloads.get(name);
    return payload && decodeStatus(payload);
  }

  async appliedNames(): Promise<readonly string[]> {
    return [...this.stack];
  }

  async watchConsole(): Promise<() => Promise<string>> {
    return async () => this.#text;
  }

  async start(request: StartRequest): Promise<number> {
    this.started.push(request);
    const { action, name } = request;
    const payload = this.payloads.get(name);
    if (payload === undefined) return Errno.ENOENT;
    if (this.#pending?.name === name) return Errno.EBUSY;
    switch (action) {
      case "unload":
        if (payload.state !== CHECKED) return Errno.EINVAL;
        this.payloads.delete(name);
        return 0;
      case "apply":
      case "replace":
        if (payload.state === APPLIED) return 0;
        if (action === "apply" && payload.oneWay) {
          payload.rc = -Errno.EINVAL;
          return 0;
        }
        return this.#schedule(request, payload);
      case "revert":
        if (payload.state === CHECKED) return 0;
        if (this.stack.at(-1) !== name) {
          this.#print(`${name}: can't unload. Top is ${this.stack.at(-1)}`);
          return Errno.EBUSY;
        }
        return this.#schedule(request, payload);
    }
  }

  #schedule({ action, name }: StartRequest, payload: FakePayload): number {
    payload.rc = -Errno.EAGAIN;
    if (this.#pending !== undefined || this.#time < this.slotTakenUntil) return Errno.EBUSY;
    const end = (): void => {
      const result = this.results.shift() ?? 0;
      payload.rc = -result;
      if (result !== 0 && this.message !== "") this.#print(this.message);
      if (result !== 0 && action !== "replace") return;
      if (action === "replace" && result !== Errno.EBUSY) this.#revertAll();
      if (result !== 0) return;
      payload.state = action === "revert" ? CHECKED : APPLIED;
      if (action === "revert") this.stack.pop();
      else this.stack.push(name);
    };
    this.#pending = { at: this.#time + this.workMs, end, name };
    return 0;
  }

  #revertAll(): void {
    for (const name of this.stack.splice(0)) {
      const payload = this.payloads.get(name);
      if (payload !== undefined) payload.state = CHECKED;
    }
  }

  #print(message: string): void {
    if (this.prints) this.#text += `(XEN) livepatch: ${message}\n`;
  }
}

const options: ActOptions = {
  deadlineMs: 10_000,
  quiesceMs: 200,
  dependencyCheck: "whole-chain",
};

function run(xen: FakeXen, action: Action, name: string, changes: Partial<ActOptions> = {}) {
  return act(xen, { action, name }, { ...options, ...changes }, xen);
}

/** The error of an action that must fail. */
async function failure(promise: Promise<unknown>): Promise<HostError> {
  const error = await promise.then(
    () => assert.fail("the action succeeded"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof HostError, String(error));
  return error;
}

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

test("act() says so when an action is still under way at the deadline", async () => {
  const xen = new FakeXen();
  xen.workMs = 60_000;
  xen.load("a");
  const error = await failure(run(xen, "apply", "a", { deadlineMs: 500 }));
  assert.equal(error.report.code, "host/timeout");
  assert.match(error.report.problem, /still has work under way after 500 ms/);
});
