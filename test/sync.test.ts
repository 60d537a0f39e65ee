import assert from "node:assert/strict";
import { test } from "node:test";
import { HostError } from "../src/host/errors.ts";
import type { ModelHost } from "../src/hosts/model.ts";
import { PlanError } from "../src/plan/obstacle.ts";
import type { Wish } from "../src/plan/wish.ts";
import { SyncError } from "../src/sync/errors.ts";
import { syncHost } from "../src/sync/sync.ts";
import { type Design, type MadePayload, makePayload } from "./plan-payloads.ts";
import {
  type Fault,
  hostWith,
  journalled,
  Killed,
  quietly,
  syncFileOf,
  syncTo,
  TryingHost,
} from "./sync-host.ts";

let content = 9000;
function make(name: string, design: Partial<Design>): MadePayload {
  content++;
  return makePayload({
    name,
    mode: "stack",
    guard: "full",
    functions: ["alpha"],
    on: [],
    data: "none",
    hooks: [],
    content,
    ...design,
  });
}

const a = make("a", {});
const b = make("b", { functions: ["alpha", "beta"], on: [a] });
const c = make("c", { functions: ["gamma"], on: [a, b] });
const all = make("all", { mode: "cumulative", functions: ["alpha", "beta", "gamma"] });
const more = make("more", { mode: "cumulative", functions: ["alpha", "beta", "delta"] });
const keeper = make("keeper", { data: "writable" });
const [one, two, three] = (["beta", "gamma", "delta"] as const).map((name) =>
  make(`free-${name}`, { mode: "independent", functions: [name] }),
);
assert.ok(one && two && three);
const onOne = make("on-one", { mode: "independent", functions: ["beta"], on: [one] });
/** Xen finds out when it has reverted all others: what it expects lies under their jumps. */
const wrong = make("wrong", {
  mode: "cumulative",
  functions: ["alpha", "beta"],
  expects: "another-entry",
});
const known = [a, b, c, all, more, keeper, one, two, three, onOne, wrong];

interface Way {
  readonly title: string;
  readonly from: readonly MadePayload[];
  readonly wish: Wish;
  readonly to: readonly MadePayload[];
}

const to = (...payloads: readonly MadePayload[]): Pick<Way, "wish" | "to"> => {
  return { wish: { kind: "apply-exactly", payloads }, to: payloads };
};
const ways: readonly Way[] = [
  { title: "a stack, on nothing", from: [], ...to(a, b, c) },
  { title: "a replace of a stack", from: [a, b], ...to(all) },
  { title: "a replace of a cumulative payload, and one on top", from: [all], ...to(more, two) },
  {
    title: "a revert in the middle",
    from: [one, two, three],
    wish: { kind: "revert", names: [two.name] },
    to: [one, three],
  },
  { title: "a replace of a payload with data", from: [keeper], ...to(all) },
  { title: "all gone", from: [a, b, c], ...to() },
];

const namesOf = (payloads: readonly MadePayload[]) => payloads.map(({ name }) => name);
const loadedOn = ({ model }: ModelHost) => model.list().map(({ name }) => name);

for (const { title, from, wish, to: goal } of ways) {
  test(`syncHost() gets there: ${title}`, async () => {
    const host = await hostWith(from);
    const report = await syncTo(host, wish, known);
    assert.equal(report.outcome, "done");
    assert.deepEqual(host.model.applied, namesOf(goal));
    assert.deepEqual(loadedOn(host).sort(), namesOf(goal).sort());
    assert.deepEqual(report.stack?.names, namesOf(goal));
    assert.equal(report.done.length, report.plan.steps.length);
    if (wish.kind === "revert") {
      await assert.rejects(syncTo(host, wish, known), /no payload of that name is loaded/);
    } else assert.deepEqual((await syncTo(host, wish, known)).plan.steps, []);
  });

  test(`syncHost() returns, or has arrived, whatever fails at whichever step: ${title}`, async () => {
    const { steps } = (await syncTo(await hostWith(from), wish, known)).plan;
    const faults: readonly Fault[] = ["refused", "lost-request", "lost-answer"];
    for (const fault of faults) {
      for (const [index, step] of steps.entries()) {
        const inner = await hostWith(from);
        const loaded = loadedOn(inner);
        // The probe before a replace uploads, applies, reverts and unloads.
        const probed = steps.some(({ action }) => action === "replace") ? 4 : 0;
        const host = new TryingHost(inner, { atChange: { index: index + probed, fault } });
        const where = `${fault} at step ${index + 1}, ${step.action} ${step.name}`;
        const { outcome, failure } = await syncTo(host, wish, known);
        if (fault === "lost-answer") assert.equal(outcome, "done", where);
        else assert.match(failure?.problem ?? "", /Cannot do that/, where);
        const isInForce = step.action === "unload" && fault !== "lost-answer";
        if (outcome === "astray") assert.ok(isInForce, where);
        const stack = outcome === "returned" ? from : goal;
        assert.deepEqual(inner.model.applied, namesOf(stack), where);
        if (outcome === "returned") assert.deepEqual(loadedOn(inner).sort(), loaded.sort(), where);
      }
    }
  });

  test(`syncHost() goes on where it was killed: ${title}`, async () => {
    const whole = new TryingHost(await hostWith(from));
    await syncTo(whole, wish, known);
    assert.ok(whole.effects > 10);
    for (let deathAtEffect = 0; deathAtEffect < whole.effects; deathAtEffect++) {
      const inner = await hostWith(from);
      const dying = new TryingHost(inner, { deathAtEffect });
      await assert.rejects(syncTo(dying, wish, known), Killed);
      const where = `killed before effect ${deathAtEffect}`;
      const { outcome, failure } = await syncTo(inner, wish, known);
      assert.equal(outcome, "done", `${where}: ${failure?.problem}`);
      assert.deepEqual([...inner.model.applied].sort(), namesOf(goal).sort(), where);
      assert.deepEqual(loadedOn(inner).sort(), namesOf(goal).sort(), where);
    }
  });
}

const former = [a, b];
const toWrong: Wish = { kind: "apply-exactly", payloads: [wrong] };

test("syncHost() puts back at once what a replace took away that failed half-way", async () => {
  const host = await hostWith(former);
  const report = await syncTo(host, toWrong, known);
  assert.equal(report.outcome, "returned");
  assert.deepEqual(host.model.applied, namesOf(former));
  assert.deepEqual(loadedOn(host), namesOf(former));
  assert.deepEqual(
    report.wayBack.map(({ action, name }) => `${action} ${name}`),
    ["apply a", "apply b", "unload wrong"],
  );
});

test("syncHost() mends what a sync left that was killed behind a half-failed replace", async () => {
  const whole = new TryingHost(await hostWith(former));
  await syncTo(whole, toWrong, known);
  let bare = 0;
  for (let deathAtEffect = 0; deathAtEffect < whole.effects; deathAtEffect++) {
    const inner = await hostWith(former);
    await assert.rejects(syncTo(new TryingHost(inner, { deathAtEffect }), toWrong, known), Killed);
    if (inner.model.applied.length < former.length) bare++;
    const report = await syncTo(inner, toWrong, known);
    assert.equal(report.outcome, "returned");
    assert.deepEqual(inner.model.applied, namesOf(former), `killed before effect ${deathAtEffect}`);
    // It was loaded when the second sync began.
    const loaded = loadedOn(inner).filter((name) => name !== wrong.name);
    assert.deepEqual(loaded, namesOf(former), `killed before effect ${deathAtEffect}`);
  }
  assert.ok(bare > 5);
});

test("syncHost() stops between two steps when asked to, and says which fixes are missing", async () => {
  const inner = await hostWith([one, two, three]);
  const stop = new AbortController();
  const options = {
    ...quietly,
    signal: stop.signal,
    onStep: ({ phase, number }: { phase: string; number: number }) => {
      if (phase === "begins" && number === 1) stop.abort();
    },
  };
  const wish: Wish = { kind: "revert", names: [one.name] };
  const report = await syncTo(inner, wish, known, options);
  assert.equal(report.outcome, "stopped");
  assert.deepEqual(inner.model.applied, [one.name, two.name]);
  assert.ok(report.missing.some(({ fix }) => fix.name === "delta"));
  assert.equal(
    (await syncTo(inner, { kind: "apply-exactly", payloads: [two, three] }, known)).outcome,
    "done",
  );
});

test("syncHost() waits a while for another sync of the host, then refuses", async () => {
  const inner = await hostWith([a]);
  let asked = 0;
  const host = Object.assign(new TryingHost(inner), {
    lock: async (): Promise<AsyncDisposable | undefined> => {
      return asked++ < 30 ? undefined : { [Symbol.asyncDispose]: async () => {} };
    },
  });
  await assert.rejects(syncTo(host, to(a, b).wish, known), (error: unknown) => {
    return error instanceof SyncError && error.report.code === "sync/busy";
  });
  assert.deepEqual(inner.model.applied, ["a"]);
  assert.equal((await syncTo(host, to(a, b).wish, known)).outcome, "done");
});

test("syncHost() stops where somebody else is at work", async () => {
  const inner = await hostWith([a]);
  const options = {
    ...quietly,
    onStep: ({ phase, number }: { phase: string; number: number }) => {
      if (phase === "done" && number === 1) inner.model.upload(three.name, three.bytes);
    },
  };
  const report = await syncTo(
    inner,
    { kind: "apply-exactly", payloads: [a, b, c] },
    known,
    options,
  );
  assert.equal(report.outcome, "astray");
  assert.equal(report.failure?.code, "sync/host-changed");
  assert.deepEqual(inner.model.applied, ["a"]);
});

test("syncHost() refuses a replace when the host's code is not what the payload expects", async () => {
  const inner = await hostWith([one]);
  const wish: Wish = { kind: "apply-exactly", payloads: [wrong] };
  await assert.rejects(syncTo(inner, wish, known), (error: unknown) => {
    assert.ok(error instanceof SyncError);
    assert.equal(error.report.code, "sync/guard-differs");
    assert.match(error.report.where ?? "", /alpha\+0x0/);
    return true;
  });
  assert.deepEqual(loadedOn(inner), [one.name]);
});

test("syncHost() takes no stale plan, and none that ignores a dependency which counts", async () => {
  const inner = await hostWith([a]);
  const files = known.map(syncFileOf);
  const goal = { kind: "wish", wish: to(a, b).wish, options: {} } as const;
  const request = { goal, files, hypervisor: undefined };
  const { plan } = await syncHost(journalled(await hostWith([a])), request, quietly);
  const follow = (made: typeof plan) =>
    syncHost(journalled(inner), { ...request, goal: { kind: "plan", plan: made } }, quietly);
  // Of another host: its boot is another one.
  await assert.rejects(follow(plan), (error: unknown) => {
    return error instanceof PlanError && error.report.code === "plan/stale";
  });
  let fresh: typeof plan | undefined;
  const stopped = AbortSignal.abort();
  await syncHost(journalled(inner), request, {
    ...quietly,
    signal: stopped,
    onPlan: (made) => {
      fresh = made;
    },
  });
  assert.ok(fresh);
  const steps = fresh.steps.map((step) => ({
    ...step,
    dependencyCheck: "hypervisor-only" as const,
  }));
  await assert.rejects(follow({ ...fresh, steps }), (error: unknown) => {
    return error instanceof SyncError && error.report.code === "sync/bad-plan";
  });
  // Nor one that leaves a payload with a reference to nothing: the next apply would kill the host.
  const upload = { action: "upload", functions: [], unknown: [] } as const;
  const dangling = [
    { ...upload, name: "provider", buildId: one.buildId },
    { ...upload, name: "user", buildId: onOne.buildId },
    { ...upload, action: "unload", name: "provider", buildId: one.buildId },
  ] as const;
  await assert.rejects(follow({ ...fresh, steps: dangling }), /refers to/);
  assert.equal((await follow(fresh)).outcome, "done");
  assert.deepEqual(inner.model.applied, ["a", "b"]);
});

test("syncHost() plays the steps on the model first, which sees what no probe can", async () => {
  const doomed = await hostWith(former);
  const request = {
    goal: { kind: "wish", wish: toWrong, options: {} },
    files: known.map(syncFileOf),
  } as const;
  await assert.rejects(
    syncHost(journalled(doomed), { ...request, hypervisor: doomed.model.hypervisor }, quietly),
    (error: unknown) => {
      assert.ok(error instanceof SyncError);
      assert.equal(error.report.code, "sync/would-fail");
      assert.match(error.report.problem, /step 2 of 4, replace "wrong"/);
      return true;
    },
  );
  assert.deepEqual(loadedOn(doomed), namesOf(former));
  const inner = await hostWith([one]);
  const { hypervisor } = inner.model;
  const files = known.map(syncFileOf);
  const nobody = { kind: "wish", wish: to(two).wish, options: {} } as const;
  await assert.rejects(
    syncHost(journalled(inner), { goal: nobody, files: [syncFileOf(two)], hypervisor }, quietly),
    (error: unknown) => {
      return error instanceof SyncError && error.report.code === "sync/cannot-rehearse";
    },
  );
  const { outcome } = await syncHost(
    journalled(inner),
    { goal: nobody, files, hypervisor },
    quietly,
  );
  assert.equal(outcome, "done");
  assert.deepEqual(inner.model.applied, [two.name]);
});

test("syncHost() says so when the host does not answer any more", async () => {
  const inner = await hostWith([a]);
  const host = new TryingHost(inner);
  const list = host.list.bind(host);
  const options = {
    ...quietly,
    onStep: ({ phase, number }: { phase: string; number: number }) => {
      if (phase !== "done" || number !== 2) return;
      host.list = async () => {
        throw new HostError({ code: "host/unreachable", problem: "Cannot reach it" });
      };
    },
  };
  const report = await syncTo(host, to(a, b, c).wish, known, options);
  assert.equal(report.outcome, "astray");
  assert.equal(report.failure?.code, "host/unreachable");
  assert.equal(report.stack, undefined);
  host.list = list;
  assert.equal((await syncTo(host, to(a, b, c).wish, known)).outcome, "done");
  assert.deepEqual(inner.model.applied, namesOf([a, b, c]));
});
