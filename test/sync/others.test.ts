// Others who are at work on the host, who ask for a stop, or a host that goes away.

import assert from "node:assert/strict";
import { test } from "node:test";
import { HostError } from "../../src/host/errors.ts";
import type { Wish } from "../../src/plan/wish.ts";
import { SyncError } from "../../src/sync/errors.ts";
import { a, b, c, keeper, known, one, three, two } from "./payloads.test.support.ts";
import {
  exactly,
  hostWith,
  namesOf,
  quietly,
  stopBehind,
  syncTo,
  TryingHost,
} from "./sync-host.ts";

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
  await assert.rejects(syncTo(host, exactly(a, b), known), (error: unknown) => {
    return error instanceof SyncError && error.report.code === "sync/busy";
  });
  assert.deepEqual(inner.model.applied, ["a"]);
  assert.equal((await syncTo(host, exactly(a, b), known)).outcome, "done");
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
  const report = await syncTo(host, exactly(a, b, c), known, options);
  assert.equal(report.outcome, "astray");
  assert.equal(report.failure?.code, "host/unreachable");
  assert.equal(report.stack, undefined);
  host.list = list;
  assert.equal((await syncTo(host, exactly(a, b, c), known)).outcome, "done");
  assert.deepEqual(inner.model.applied, namesOf([a, b, c]));
});

test("syncHost() uploads again what others have applied and reverted since, once Xen has said so", async () => {
  const inner = await hostWith([]);
  await syncTo(inner, exactly(keeper), known, stopBehind("upload"));
  // The list looks as before.
  const { model } = inner;
  const withWhole = { name: keeper.name, dependencyCheck: "whole-chain" } as const;
  for (const action of ["apply", "revert"] as const) model.act({ action, ...withWhole });
  const { outcome, failure } = await syncTo(inner, exactly(keeper), known);
  assert.equal(outcome, "returned");
  assert.match(failure?.problem ?? "", /Xen applies it only once/);
  assert.equal((await syncTo(inner, exactly(keeper), known)).outcome, "done");
  assert.deepEqual(model.applied, [keeper.name]);
});
