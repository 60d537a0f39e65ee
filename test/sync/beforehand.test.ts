// What a sync finds out before its first step.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PlanError } from "../../src/plan/obstacle.ts";
import type { Plan } from "../../src/plan/plan-form.ts";
import type { Wish } from "../../src/plan/wish.ts";
import { SyncError } from "../../src/sync/errors.ts";
import { syncHost } from "../../src/sync/sync.ts";
import { LEAVING_MS } from "../../src/xen-abi/rendezvous.ts";
import { a, b, known, one, onOne, two, waiting, wrong } from "./payloads.test.support.ts";
import {
  call,
  exactly,
  hostWith,
  journalled,
  loadedOn,
  quietly,
  syncFileOf,
  syncTo,
  TryingHost,
} from "./sync-host.ts";

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
  const goal = { kind: "wish", wish: exactly(a, b), options: {} } as const;
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
  const nowhere = { ...upload, name: "fix", buildId: "00".repeat(20) };
  for (const [step, file] of [
    [nowhere, '"fix"'],
    [{ ...nowhere, source: "a/fix.livepatch" }, '"fix", a/fix.livepatch,'],
  ] as const) {
    const problem = `Cannot follow the plan: the file of ${file} is missing, or is another payload now`;
    await assert.rejects(follow({ ...fresh, steps: [step] }), (error: unknown) => {
      return error instanceof SyncError && error.report.problem === problem;
    });
  }
  assert.equal((await follow(fresh)).outcome, "done");
  assert.deepEqual(inner.model.applied, ["a", "b"]);
});

test("syncHost() waits for CPUs to leave a payload's code, and takes no plan that does not", async () => {
  const inner = await hostWith([waiting]);
  const pauses: (number | undefined)[] = [];
  let made: Plan | undefined;
  const watching = {
    ...quietly,
    onPlan: (plan: Plan) => {
      made = plan;
    },
    pause: async (ms?: number) => {
      pauses.push(ms);
    },
  };
  const wish = exactly();
  await syncTo(inner, wish, known, { ...watching, signal: AbortSignal.abort() });
  assert.ok(made);
  const steps = made.steps.map(({ afterMs: _, ...step }) => step);
  const goal = { kind: "plan", plan: { ...made, steps } } as const;
  const request = { goal, files: known.map(syncFileOf), hypervisor: undefined };
  await assert.rejects(syncHost(journalled(inner), request, quietly), /CPUs may be in its code/);
  assert.deepEqual(loadedOn(inner), [waiting.name]);
  assert.equal((await syncTo(inner, wish, known, watching)).outcome, "done");
  assert.deepEqual(pauses, [LEAVING_MS]);
  assert.deepEqual(loadedOn(inner), []);
});

test("syncHost() does not take a payload for removed that Xen never accepted", async () => {
  const inner = await hostWith([a]);
  const host = new TryingHost(inner, { atChange: { index: 0, fault: "refused" } });
  await assert.rejects(journalled(host).host.upload(one.name, one.bytes, call), /refused/);
  const wish: Wish = { kind: "revert", names: [one.name] };
  await assert.rejects(syncTo(inner, wish, known), (error: unknown) => {
    return error instanceof PlanError && error.report.code === "plan/not-loaded";
  });
});

test("syncHost() plays the steps on the model first, which sees what no probe can", async () => {
  const doomed = await hostWith([a, b]);
  const request = {
    goal: { kind: "wish", wish: exactly(wrong), options: {} },
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
  assert.deepEqual(loadedOn(doomed), ["a", "b"]);
  const inner = await hostWith([one]);
  const { hypervisor } = inner.model;
  const files = known.map(syncFileOf);
  const nobody = { kind: "wish", wish: exactly(two), options: {} } as const;
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
