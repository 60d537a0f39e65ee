import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { makePlan } from "../src/plan/plan.ts";
import type { Wish } from "../src/plan/wish.ts";
import { type Deed, live, makeUniverse, stateOf } from "./plan-universe.ts";
import { missingFunctions, takeSteps } from "./plan-walk.ts";

const universes = Array.from({ length: 16 }, (_, index) => makeUniverse(index + 1, 7));

const deed = fc.record<Deed>({
  kind: fc.constantFrom(
    "apply",
    "apply",
    "apply",
    "force",
    "revert",
    "replace",
    "unload",
    "upload",
  ),
  who: fc.nat(63),
});
const scene = fc.record({
  universe: fc.nat(universes.length - 1),
  deeds: fc.array(deed, { maxLength: 12 }),
  wish: fc.constantFrom("apply-exactly", "apply-exactly", "revert"),
  picks: fc.array(fc.nat(63), { minLength: 0, maxLength: 4 }),
  untold: fc.array(fc.nat(6), { maxLength: 3 }),
  freshData: fc.constantFrom("refuse" as const, "allow" as const),
});

test("makePlan() on random hosts gives steps that are all accepted, reach the wish, and leave out no fix in silence", () => {
  const outcomes = new Map<string, number>();
  const count = (what: string) => outcomes.set(what, (outcomes.get(what) ?? 0) + 1);
  fc.assert(
    fc.property(scene, ({ universe: index, deeds, wish: kind, picks, untold, freshData }) => {
      const universe = universes[index] ?? [];
      const made = new Map(universe.map((payload) => [payload.name, payload]));
      const host = live(universe, deeds);
      const hidden = new Set(untold.map((number) => `p${number}`));
      const state = stateOf(host, universe, (name) => !hidden.has(name));
      const picked = picks.flatMap((pick) => universe[pick % universe.length] ?? []);
      const named = picks.flatMap(
        (pick) => state.loaded[pick % (state.loaded.length || 1)]?.name ?? [],
      );
      const wish: Wish =
        kind === "revert" ? { kind, names: named } : { kind: "apply-exactly", payloads: picked };
      const planned = makePlan(state, wish, { freshData });
      count(planned.kind === "refused" ? planned.obstacles[0].code : "plan");
      if (planned.kind === "refused") return;
      const { plan } = planned;
      const before = host.model.applied;
      const sights = takeSteps(host.model, plan, universe);
      const goal =
        wish.kind === "revert"
          ? before.filter((name) => !wish.names.includes(name))
          : picked.map(({ name }) => name);
      assert.deepEqual([...host.model.applied].sort(), [...new Set(goal)].sort());
      assert.deepEqual(host.model.applied, plan.stack);
      if (plan.missing.length > 0) count("with a moment");
      const said = plan.missing.flatMap(({ fix }) => (fix.kind === "function" ? fix.name : []));
      assert.deepEqual(said.toSorted(), missingFunctions(sights, made).toSorted());
    }),
    { numRuns: 10_000, includeErrorInReport: true },
  );
  // The scenes are worth their time: enough of them have a way, some have none, some a moment.
  assert.ok((outcomes.get("plan") ?? 0) > 4000);
  assert.ok((outcomes.get("plan/overlap") ?? 0) > 500);
  assert.ok((outcomes.get("plan/missing-link") ?? 0) > 500);
  assert.ok((outcomes.get("with a moment") ?? 0) > 100);
});
