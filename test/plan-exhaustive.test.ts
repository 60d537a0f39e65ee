import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { makePlan } from "../src/plan/plan.ts";
import { searchAll } from "./plan-search.ts";
import {
  type Deed,
  live,
  makeIndependentUniverse,
  makeUniverse,
  stateOf,
} from "./plan-universe.ts";

const universes = [
  ...Array.from({ length: 30 }, (_, index) => makeUniverse(index + 101, 4)),
  // High stacks: there, replacing first and applying again pays.
  ...Array.from({ length: 6 }, (_, index) => makeUniverse(index + 201, 6)),
  ...Array.from({ length: 4 }, (_, index) => makeIndependentUniverse(index + 221)),
];

const deed = fc.record<Deed>({
  kind: fc.constantFrom("apply", "apply", "force", "force", "revert", "replace", "unload"),
  who: fc.nat(5),
});
const scene = fc.record({
  universe: fc.nat(universes.length - 1),
  deeds: fc.array(deed, { maxLength: 12 }),
  picks: fc.uniqueArray(fc.nat(5), { maxLength: 4 }),
});

/** p1 was applied without p0, on which it was built; p5 expects what p0 replaced to be replaced. */
const forcedWithoutItsGround = {
  universe: 34,
  deeds: [{ kind: "force" as const, who: 1 }],
  picks: [5, 1],
};

test("makePlan() refuses nothing that any sequence of steps reaches, and nothing does better", () => {
  const outcomes = new Map<string, number>();
  const count = (what: string) => outcomes.set(what, (outcomes.get(what) ?? 0) + 1);
  fc.assert(
    fc.property(scene, ({ universe: index, deeds, picks }) => {
      const universe = universes[index] ?? [];
      const host = live(universe, deeds);
      const wanted = picks.flatMap((pick) => universe[pick] ?? []);
      const state = stateOf(host, universe, () => true);
      const planned = makePlan(state, { kind: "apply-exactly", payloads: wanted });
      const best = searchAll(host, universe, wanted);
      count(planned.kind);
      if (planned.kind === "refused") {
        const codes = planned.obstacles.map(({ problem }) => problem).join("\n");
        assert.equal(best, undefined, `refused, and there is a way\n${codes}`);
        return;
      }
      const { missing, quiesces } = planned.plan;
      if (missing.length > 0) count("with a moment");
      assert.deepEqual({ missing: missing.length, quiesces }, best);
    }),
    { numRuns: 800, examples: [[forcedWithoutItsGround]], includeErrorInReport: true },
  );
  assert.ok((outcomes.get("plan") ?? 0) > 200);
  assert.ok((outcomes.get("refused") ?? 0) > 200);
  assert.ok((outcomes.get("with a moment") ?? 0) > 10);
});
