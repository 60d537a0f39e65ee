// What sync makes of payloads that overlap in part, of replaces that succeed and that fail half-way, and
// of steps that fail; played on real hypervisors (sync.test.ts) and on the model of each
// (sync-model.test.ts). Not a test.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PlanError } from "../../../src/plan/obstacle.ts";
import { call } from "../host-under-test.ts";
import type { SyncPayloads } from "./payloads.ts";
import { Play, type SyncBench } from "./play.ts";

export function defineSyncScenarios(open: () => SyncBench, makePayloads: () => SyncPayloads): void {
  const scenario = (title: string, body: (play: Play) => Promise<void>) =>
    test(title, async () => {
      const bench = open();
      const untouched = await bench.hashText();
      const play = new Play(bench, makePayloads());
      await body(play);
      const { outcome } = await play.sync([]);
      assert.equal(outcome, "done");
      assert.deepEqual(await bench.host.list(call), []);
      assert.equal(await bench.hashText(), untouched, "the host's code is as it was");
    });
  scenario("syncHost() finds the right order, and refuses what has none", orders);
  scenario("syncHost() replaces with and without earlier payloads, and goes back", replaces);
  scenario("syncHost() takes one out of the middle and puts back those above", middle);
  scenario("syncHost() puts back what a replace with a wrong guard took away", wrongGuard);
  scenario("syncHost() undoes what was done before a step that fails, whichever it is", failures);
}

async function orders(play: Play): Promise<void> {
  const { a, b, c, onA } = play.payloads;
  assert.equal((await play.sync([onA, c, a])).outcome, "done");
  const stack = await play.stack();
  assert.ok(stack.indexOf("a") < stack.indexOf("on-a"));
  const before = await play.loaded();
  const isNoWay = (code: string) => (error: unknown) =>
    error instanceof PlanError && error.obstacles.some((obstacle) => obstacle.code === code);
  // It changes what `onA` changes, and neither was made for the other.
  await assert.rejects(play.sync([a, b, onA]), isNoWay("plan/overlap"));
  await assert.rejects(play.sync([onA, c]), isNoWay("plan/missing-link"));
  assert.deepEqual(await play.stack(), stack);
  assert.deepEqual(await play.loaded(), before);
}

async function replaces(play: Play): Promise<void> {
  const { a, b, c, all } = play.payloads;
  assert.equal((await play.sync([all])).outcome, "done");
  assert.equal((await play.sync([c, b, a])).outcome, "done");
  const report = await play.sync([all]);
  assert.deepEqual(
    report.done.map(({ action }) => action),
    ["upload", "replace", "unload", "unload", "unload"],
  );
  assert.deepEqual(await play.stack(), ["all"]);
  assert.deepEqual(report.plan.missing, []);
}

async function middle(play: Play): Promise<void> {
  const { a, b, c } = play.payloads;
  await play.sync([a, b, c]);
  const { outcome, plan } = await play.fulfil({ kind: "revert", names: ["b"] });
  assert.equal(outcome, "done");
  assert.ok(plan.notices.some(({ kind, name }) => kind === "lifted" && name === "c"));
  assert.deepEqual(await play.stack(), ["a", "c"]);
}

async function wrongGuard(play: Play): Promise<void> {
  const { a, b, c, wrong } = play.payloads;
  await play.sync([a, b, c]);
  const report = await play.sync([wrong]);
  assert.equal(report.outcome, "returned");
  assert.match(
    report.failure?.problem ?? "",
    /reverted "a", "b", "c", which the host now runs WITHOUT/,
  );
  assert.deepEqual(
    report.wayBack.map(({ action, name }) => `${action} ${name}`),
    ["apply a", "apply b", "apply c", "unload wrong"],
  );
  assert.deepEqual(await play.stack(), ["a", "b", "c"]);
}

async function failures(play: Play): Promise<void> {
  const { a, b, c, all } = play.payloads;
  for (const wish of [[all], [a, b, c], [b]]) {
    await play.sync([]);
    await play.sync([a, b]);
    for (let step = 1; ; step++) {
      const { outcome, plan, failure } = await play.sync(wish, step);
      const where = `step ${step}, ${plan.steps[step - 1]?.action}`;
      const stack = await play.stack();
      if (outcome === "done") break;
      if (outcome === "returned") {
        assert.match(failure?.problem ?? "", /made to fail/, where);
        assert.deepEqual(stack, ["a", "b"], where);
        assert.deepEqual([...(await play.loaded())].sort(), ["a", "b"], where);
        continue;
      }
      // All is applied that should be, and no more; what could not be unloaded is loaded only.
      assert.equal(outcome, "astray", where);
      assert.equal(plan.steps[step - 1]?.action, "unload", where);
      assert.deepEqual(stack, plan.stack, where);
      break;
    }
    assert.equal((await play.sync(wish)).outcome, "done");
  }
}
