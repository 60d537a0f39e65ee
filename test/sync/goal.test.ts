// What a sync wants a host to run in the end stands in the host's journal, for whoever finds it half-way.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { LivepatchHost } from "../../src/host/host.ts";
import type { ModelHost } from "../../src/hosts/model.ts";
import { decodeJournal } from "../../src/plan/journal-json.ts";
import type { Wish } from "../../src/plan/wish.ts";
import { type SyncReport, syncHost } from "../../src/sync/mod.ts";
import { makeIndependentUniverse } from "../plan-universe.ts";
import {
  call,
  hostWith,
  journalled,
  quietly,
  stopBehind,
  syncFileOf,
  syncTo,
} from "./sync-host.ts";

const [one, two, three, four] = makeIndependentUniverse(510);
assert.ok(one && two && three && four);
const known = [one, two, three];

/** As somebody does who wants to see what is asked, or to refuse some of it. */
function wrapped(host: LivepatchHost): LivepatchHost {
  return {
    label: host.label,
    capabilities: host.capabilities,
    info: (options) => host.info(options),
    list: (options) => host.list(options),
    status: (name, options) => host.status(name, options),
    upload: (name, payload, options) => host.upload(name, payload, options),
    act: (action, name, options) => host.act(action, name, options),
    console: (since, options) => host.console(since, options),
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  };
}

/** @param steps after which it is stopped */
function syncAll(inner: ModelHost, steps: number): Promise<SyncReport> {
  const { host, goal } = journalled(inner);
  const stop = new AbortController();
  const wish = { kind: "apply-exactly", payloads: known } as const;
  return syncHost(
    { host: wrapped(host), goal },
    {
      goal: { kind: "wish", wish, options: {} },
      files: known.map(syncFileOf),
      hypervisor: undefined,
    },
    {
      ...quietly,
      signal: stop.signal,
      onStep: ({ phase, number }) => {
        if (phase === "done" && number === steps) stop.abort();
      },
    },
  );
}

test("syncHost() keeps its goal in the journal also on a host that is wrapped once more", async () => {
  const inner = await hostWith([one]);
  const { outcome, plan } = await syncAll(inner, 1);
  assert.equal(outcome, "stopped");
  assert.deepEqual(decodeJournal(inner.journal.text ?? "")?.goal, plan.stack);
  assert.equal((await syncAll(inner, Number.POSITIVE_INFINITY)).outcome, "done");
  assert.equal(decodeJournal(inner.journal.text ?? "")?.goal, undefined);
});

test("syncHost() puts back what an interrupted one had lifted, also if others were at work since", async () => {
  const strangers: readonly ((inner: ModelHost) => Promise<unknown>)[] = [
    // With Xen's own tool, so that the journal does not fit; and with a command of ours.
    (inner) => inner.upload(four.name, four.bytes),
    (inner) => journalled(inner).host.upload(four.name, four.bytes, call),
  ];
  for (const stranger of strangers) {
    const inner = await hostWith([one, two, three]);
    const wish: Wish = { kind: "revert", names: [one.name] };
    await syncTo(inner, wish, known, stopBehind("revert"));
    assert.deepEqual(inner.model.applied, [one.name, two.name]);
    await stranger(inner);
    assert.equal((await syncTo(inner, wish, known)).outcome, "done");
    assert.deepEqual([...inner.model.applied].sort(), [two.name, three.name]);
    // That is settled: who reverts one of them now gets what was asked for.
    const next: Wish = { kind: "revert", names: [three.name] };
    assert.equal((await syncTo(inner, next, known)).outcome, "done");
    assert.deepEqual(inner.model.applied, [two.name]);
  }
});

test("syncHost() does not put back what somebody has unloaded that an interrupted one had lifted", async () => {
  const inner = await hostWith([one, two, three]);
  const wish: Wish = { kind: "revert", names: [one.name] };
  await syncTo(inner, wish, known, stopBehind("revert"));
  const options = { ...call, dependencyCheck: "whole-chain", quiesceMs: 30 } as const;
  await journalled(inner).host.act("unload", three.name, options);
  assert.equal((await syncTo(inner, wish, known)).outcome, "done");
  assert.deepEqual(inner.model.applied, [two.name]);
});
