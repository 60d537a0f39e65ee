// Ways from what a host runs to what it should run: each arrives, each comes back from any single fault
// at any step, and each is gone on with after a death at any moment.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Wish } from "../../src/plan/wish.ts";
import type { MadePayload } from "../plan-payloads.ts";
import { a, all, b, c, keeper, known, more, one, three, two } from "./payloads.test.support.ts";
import {
  type Fault,
  hostWith,
  Killed,
  loadedOn,
  namesOf,
  syncTo,
  TryingHost,
} from "./sync-host.ts";

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

for (const { title, from, wish, to: goal } of ways) {
  test(`syncHost() gets there: ${title}`, async () => {
    const host = await hostWith(from);
    const report = await syncTo(host, wish, known);
    assert.equal(report.outcome, "done");
    assert.deepEqual(host.model.applied, namesOf(goal));
    assert.deepEqual(loadedOn(host).sort(), namesOf(goal).sort());
    assert.deepEqual(report.stack?.names, namesOf(goal));
    assert.equal(report.done.length, report.plan.steps.length);
    const again = await syncTo(host, wish, known);
    assert.deepEqual([again.outcome, again.plan.steps], ["done", []]);
    const gone = again.plan.notices.filter(({ kind }) => kind === "gone");
    const names = wish.kind === "revert" ? wish.names : [];
    assert.deepEqual(
      gone.map(({ name }) => name),
      names,
    );
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
