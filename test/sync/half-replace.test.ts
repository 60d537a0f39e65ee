// A replace that fails when it has taken away all others.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Wish } from "../../src/plan/wish.ts";
import { a, b, known, wrong } from "./payloads.test.support.ts";
import { hostWith, Killed, loadedOn, namesOf, syncTo, TryingHost } from "./sync-host.ts";

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
