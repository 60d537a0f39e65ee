// What a sync wants a host to run in the end stands in the host's journal, for whoever finds it half-way.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { LivepatchHost } from "../src/host/host.ts";
import type { ModelHost } from "../src/hosts/model.ts";
import { decodeJournal } from "../src/plan/journal-json.ts";
import { type SyncReport, syncHost } from "../src/sync/mod.ts";
import { makeIndependentUniverse } from "./plan-universe.ts";
import { hostWith, journalled, quietly, syncFileOf } from "./sync-host.ts";

const [one, two, three] = makeIndependentUniverse(510);
assert.ok(one && two && three);
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
