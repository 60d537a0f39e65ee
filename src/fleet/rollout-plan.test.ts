// The dry run: every host planned beforehand, in groups, and the plan that comes of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostState } from "../plan/host-state.ts";
import { a, b, host, payload, stacked } from "../plan/plan.test.support.ts";
import { FleetError } from "./errors.ts";
import { type Forecast, forecastHost } from "./forecast.ts";
import { admitRollout } from "./overlap.ts";
import { planRollout, type RolloutRules } from "./rollout-plan.ts";
import { parseWaves } from "./waves.ts";

const rules: RolloutRules = {
  target: { channel: "stable", version: 7 },
  waves: parseWaves("1,100%"),
  soakMs: 60_000,
  limits: { atOnce: 2, perLabel: { pool: 1 } },
  windows: [],
  tolerated: 0,
  onFailure: "take-back-all",
  silentMs: 600_000,
  moments: "refuse",
  check: undefined,
  whenOverlapping: "refuse",
};
const all = payload("all", "alpha beta", { mode: "cumulative" });
const old = payload("old", "alpha", { ...stacked, exports: ["table"] });
const next = payload("next", "alpha", { ...stacked, exports: ["table"] });
const foreign = payload("foreign", "alpha");

const states: Readonly<
  Record<string, readonly [HostState, ReturnType<typeof payload>[] | undefined]>
> = {
  done: [host(["all+"], [all]), [all]],
  plain: [host([], []), [all]],
  twins: [host(["a+", "b+"], [a, b]), [all]],
  several: [host([], []), [a, b]],
  gap: [host(["old+"], [old]), [next]],
  blocked: [host([], []), [a, foreign]],
  strange: [host([], []), undefined],
};

function forecasts(): ReadonlyMap<string, Forecast> {
  const made = Object.entries(states).map(
    ([id, [state, wish]]) => [id, forecastHost(state, wish)] as const,
  );
  return new Map([...made, ["gone", { kind: "unreachable", reason: "no answer within 20 s" }]]);
}

const hosts = [...Object.keys(states), "gone", "unasked"].map((id) => ({
  id,
  labels: { pool: id },
}));
const plan = (more: Partial<RolloutRules> = {}, some = hosts) =>
  planRollout(
    "r1",
    { ...rules, ...more },
    some,
    forecasts(),
    ({ id }) => id === "plain",
    () => 0,
  );

test("planRollout() puts each host into one group, with the reason where it cannot go", () => {
  const { dryRun } = plan();
  assert.deepEqual(dryRun.asWished, ["done"]);
  assert.deepEqual(dryRun.oneRendezvous, ["plain", "twins"]);
  assert.deepEqual(dryRun.severalRendezvous, ["several"]);
  assert.deepEqual(dryRun.moment, [{ fixes: ["alpha"], hosts: ["gap"] }]);
  assert.deepEqual(
    dryRun.refuses.map((group) => group.hosts),
    [["blocked"]],
  );
  assert.match(dryRun.refuses[0]?.reasons.join() ?? "", /"a" and "foreign".*the same code/);
  assert.deepEqual(dryRun.unreachable, ["gone", "unasked"]);
  assert.deepEqual(dryRun.noPayload, [{ xenBuildId: "aa".repeat(20), hosts: ["strange"] }]);
});

test("planRollout() takes those that can go, canaries first, and promises each its state", () => {
  const made = plan().plan;
  assert.deepEqual(
    made?.waves.map((wave) => wave.length),
    [1, 3],
  );
  assert.deepEqual(made?.waves[0], ["plain"]);
  assert.deepEqual(made?.hosts["twins"]?.from, ["a@a", "b@b"]);
  assert.deepEqual(made?.hosts["twins"]?.to, ["all@all"]);
  assert.ok(!Object.hasOwn(made?.hosts ?? {}, "gap"));
  assert.ok(Object.hasOwn(plan({ moments: "allow" }).plan?.hosts ?? {}, "gap"));
});

test("planRollout() makes no plan where no host can take part", () => {
  const { plan: made, dryRun } = plan({}, [{ id: "strange", labels: { pool: "p" } }]);
  assert.equal(made, undefined);
  assert.equal(dryRun.noPayload.length, 1);
});

test("planRollout() refuses rules with which a roll-out would never begin or never end", () => {
  assert.throws(() => plan({ limits: { atOnce: 0, perLabel: {} } }), FleetError);
  assert.throws(() => plan({ soakMs: -1 }), FleetError);
  assert.throws(() => plan({ tolerated: 0.5 }), FleetError);
});

test("forecastHost() refuses a host of which nobody could say later what to go back to", () => {
  const reasons = ["two orders are possible"];
  const state = host(["a+", "b+"], [a, b], {
    stack: { kind: "unknown", names: ["a", "b"], known: [], reasons },
  });
  assert.equal(forecastHost(state, [all]).kind, "refuses");
});

test("admitRollout() refuses or queues a roll-out for hosts of another one, and names them", () => {
  const made = plan().plan;
  assert.ok(made);
  assert.deepEqual(admitRollout(made, []), { kind: "starts" });
  const other = { id: "r0", hosts: { twins: made.hosts["twins"] ?? assert.fail() } };
  assert.deepEqual(admitRollout(made, [other]), {
    kind: "refused",
    behind: "r0",
    hosts: ["twins"],
  });
  const patient = { ...made, rules: { ...made.rules, whenOverlapping: "queue" } } as const;
  assert.equal(admitRollout(patient, [other]).kind, "queued");
});
