// A roll-out's phases, one decision at a time.

import assert from "node:assert/strict";
import { test } from "node:test";
import { decideRollout } from "./decide-rollout.ts";
import {
  done,
  FROM,
  facts,
  orderOf,
  planOf,
  replicaOf,
  shows,
  TO,
  viewOf,
} from "./fleet.test.support.ts";
import { parseWindow } from "./windows.ts";

const plan = planOf([["x1/a"], ["x2/a", "x3/b", "x4/c"]]);
const arrived = { x1: [done(500), facts(TO, 600)] };

test("decideRollout() begins the first wave, and nothing of the next", () => {
  assert.deepEqual(decideRollout(viewOf(plan, {})).begin, ["x1"]);
});

test("decideRollout() begins as many of a wave as the limits allow, and one of a pool", () => {
  const view = viewOf(plan, { wave: 1 }, { replica: replicaOf(arrived) });
  assert.deepEqual(decideRollout(view).begin, ["x2", "x3"]);
  const busy = viewOf(plan, { wave: 1 }, { replica: replicaOf(arrived), granted: ["x3"] });
  assert.deepEqual(decideRollout(busy).begin, ["x2"]);
});

test("decideRollout() does not begin a host of a pool in which another roll-out is at work", () => {
  const othersAtWork = [{ id: "y", labels: { pool: "a" } }];
  const view = viewOf(plan, { wave: 1 }, { replica: replicaOf(arrived), othersAtWork });
  assert.deepEqual(decideRollout(view).begin, ["x3", "x4"]);
});

test("decideRollout() begins nothing while it is paused or outside of its windows", () => {
  assert.deepEqual(decideRollout(viewOf(plan, {}, { wanted: "pause" })).begin, []);
  const windows = [parseWindow("sat 01:00-02:00")];
  const bound = planOf([["x1"]], { windows });
  // 3 January 1970 was a Saturday.
  const saturday = Date.parse("1970-01-03T01:30:00Z");
  assert.deepEqual(decideRollout(viewOf(bound, {}, { now: saturday })).begin, ["x1"]);
  assert.deepEqual(decideRollout(viewOf(bound, {}, { now: saturday + 3_600_000 })).begin, []);
});

test("decideRollout() lets a wave soak only when all of it has arrived", () => {
  assert.equal(decideRollout(viewOf(plan, {}, { granted: ["x1"] })).next, undefined);
  assert.equal(
    decideRollout(viewOf(plan, {}, { replica: replicaOf(arrived) })).next?.phase,
    "soaking",
  );
});

test("decideRollout() waits for the soak, unless a host shows another state meanwhile", () => {
  const soaking = { phase: "soaking", since: 1000 } as const;
  const decide = (now: number, records: Parameters<typeof replicaOf>[0] = arrived) =>
    decideRollout(viewOf(plan, soaking, { now, replica: replicaOf(records) })).next;
  assert.equal(decide(10_999), undefined);
  assert.equal(decide(11_000)?.phase, "checking");
  for (const [what, seen] of [
    ["rebooted", { x1: [done(500), facts(TO, 600, 0, { bootId: "b2" })] }],
    ["another state", { x1: [done(500), facts(FROM, 600)] }],
    ["hypervisor", { x1: [done(500), facts([], 600, 0, { xenBuildId: "bb" })] }],
    ["console", { x1: [done(500), facts(TO, 600, 0, { fault: "BUG at x.c:1" })] }],
  ] as const) {
    const next = decide(2000, seen);
    assert.equal(next?.phase, "halting", what);
    assert.match(next?.reason ?? "", new RegExp(`x1: .*${what}`));
  }
});

test("decideRollout() opens a gate only for what hosts have shown since it was asked", () => {
  const checking = { phase: "checking", since: 1000 } as const;
  const decide = (asked: number, now = 2000) =>
    decideRollout(
      viewOf(plan, checking, {
        now,
        replica: replicaOf({ x1: [done(500), facts(TO, 1900, asked)] }),
      }),
    );
  assert.deepEqual(decide(999).look, ["x1"]);
  assert.equal(decide(999).next, undefined);
  assert.deepEqual(decide(1000).next, {
    phase: "working",
    wave: 1,
    after: undefined,
    reason: undefined,
    since: undefined,
  });
  // It never answers.
  assert.equal(decide(999, 200_000).next?.phase, "halting");
});

test("decideRollout() does not open a gate for a silent host that is at work again", () => {
  const tolerant = planOf([["x1/a", "x2/b", "x3/c"]], { tolerated: 1 });
  const retaken = [
    ["order", orderOf({ status: "taken", token: 2, isStopped: true }), 1900],
  ] as const;
  const rest = { x2: [done(500), facts(TO, 1900, 1000)], x3: [done(500), facts(FROM, 1900, 1000)] };
  const decide = (records: Parameters<typeof replicaOf>[0]) =>
    decideRollout(
      viewOf(tolerant, { phase: "checking", since: 1000 }, { replica: replicaOf(records) }),
    );
  assert.equal(decide({ ...rest, x1: retaken }).next?.phase, "halting");
  assert.equal(decide({ ...rest, x1: [done(500), facts(TO, 1900, 1000)] }).next?.phase, "done");
});

test("decideRollout() asks the user's check once, and goes by it", () => {
  const checked = planOf([["x1"]], { check: "./check", onFailure: "take-back-all" });
  const replica = replicaOf({ x1: [done(500), facts(TO, 1900, 1000)] });
  const decide = (check: "none" | "running" | "passed" | "failed") =>
    decideRollout(viewOf(checked, { phase: "checking", since: 1000 }, { replica, check }));
  assert.equal(decide("none").startCheck, true);
  assert.deepEqual([decide("running").startCheck, decide("running").next], [false, undefined]);
  assert.equal(decide("passed").next?.phase, "done");
  assert.deepEqual(
    [decide("failed").next?.phase, decide("failed").next?.after],
    ["halting", "take-back-all"],
  );
});

test("decideRollout() stops when more hosts fail than are tolerated, and not before", () => {
  const failed = {
    x1: [
      [
        "order",
        orderOf({
          status: "ended",
          outcome: "returned",
          reason: "a step failed",
          shows: shows(FROM),
        }),
        500,
      ],
    ],
  } as const;
  const decide = (tolerated: number) =>
    decideRollout(
      viewOf(planOf([["x1"], ["x2"]], { tolerated }), {}, { replica: replicaOf(failed) }),
    ).next;
  assert.equal(decide(0)?.phase, "halting");
  assert.equal(decide(0)?.reason, "x1: returned: a step failed");
  assert.equal(decide(1)?.phase, "soaking");
});

test("decideRollout() does not believe a host that says it is done and shows something else", () => {
  const liar = {
    x1: [["order", orderOf({ status: "ended", outcome: "done", shows: shows(FROM) }), 500]],
  } as const;
  assert.match(
    decideRollout(viewOf(plan, {}, { replica: replicaOf(liar) })).next?.reason ?? "",
    /shows something else/,
  );
});

test("decideRollout() counts a host that is silent for too long as failed", () => {
  const taken = { x1: [["order", orderOf({ status: "taken", token: 1 }), 500]] } as const;
  const decide = (now: number) =>
    decideRollout(viewOf(plan, {}, { now, replica: replicaOf(taken), granted: ["x1"] })).next;
  assert.equal(decide(100_500), undefined);
  assert.equal(decide(100_501)?.reason, "x1: silent");
});

test("decideRollout() waits in halting for those at work, and not for those that are silent", () => {
  const taken = { x1: [["order", orderOf({ status: "taken", token: 1 }), 500]] } as const;
  const halting = { phase: "halting", after: "stopped" } as const;
  const decide = (now: number) =>
    decideRollout(viewOf(plan, halting, { now, replica: replicaOf(taken), granted: ["x1"] })).next;
  assert.equal(decide(1000), undefined);
  assert.equal(decide(200_000)?.phase, "stopped");
});

test("decideRollout() hears abort and take-back in every phase that has not ended", () => {
  for (const phase of ["working", "soaking", "checking"] as const) {
    const abort = decideRollout(viewOf(plan, { phase }, { wanted: "abort" })).next;
    assert.deepEqual([abort?.phase, abort?.after], ["halting", "aborted"], phase);
    const back = decideRollout(viewOf(plan, { phase }, { wanted: "take-back" })).next;
    assert.deepEqual([back?.phase, back?.after], ["halting", "take-back-all"], phase);
  }
  assert.equal(
    decideRollout(viewOf(plan, { phase: "queued" }, { wanted: "abort" })).next?.phase,
    "aborted",
  );
  assert.equal(
    decideRollout(viewOf(plan, { phase: "aborted" }, { wanted: "abort" })).next,
    undefined,
  );
  assert.equal(
    decideRollout(viewOf(plan, { phase: "done" }, { wanted: "take-back" })).next?.phase,
    "halting",
  );
});

test("decideRollout() takes back what shows the new state, leaves the rest, and names whom it cannot take back", () => {
  const wide = planOf([
    ["x1/a", "x2/b"],
    ["x3/c", "x4/d"],
  ]);
  const back = {
    phase: "taking-back",
    wave: 1,
    after: "take-back-all",
    reason: "the check failed",
    since: 1000,
  } as const;
  const seen = {
    x1: [done(500), facts(TO, 1900, 1000)],
    x2: [done(500), facts(FROM, 1900, 1000)],
    x3: [done(500), facts([], 1900, 1000, { xenBuildId: "bb" })],
  };
  assert.deepEqual(decideRollout(viewOf(wide, back, { replica: replicaOf(seen) })).begin, ["x1"]);
  assert.equal(decideRollout(viewOf(wide, back, { replica: replicaOf(seen) })).number, 2);
  const late = { ...seen, x1: [done(500), facts(TO, 900, 0)] };
  assert.deepEqual(decideRollout(viewOf(wide, back, { replica: replicaOf(late) })).look, ["x1"]);
  const after = {
    ...seen,
    x1: [["order", orderOf({ number: 2, status: "ended", outcome: "done" }), 2000]],
  } as const;
  const { next } = decideRollout(viewOf(wide, back, { replica: replicaOf(after) }));
  assert.equal(next?.phase, "taken-back");
  assert.equal(
    next?.reason,
    "the check failed; not taken back: x3 (it runs another hypervisor by now: bb)",
  );
});

test("decideRollout() takes back one wave or all, as the roll-out says", () => {
  const seen = { x1: [done(500), facts(TO, 1900, 1000)], x3: [done(500), facts(TO, 1900, 1000)] };
  const decide = (after: "take-back-wave" | "take-back-all") =>
    decideRollout(
      viewOf(
        plan,
        { phase: "taking-back", wave: 1, after, since: 1000 },
        { replica: replicaOf(seen) },
      ),
    ).begin;
  assert.deepEqual(decide("take-back-wave"), ["x3"]);
  assert.deepEqual(decide("take-back-all"), ["x1", "x3"]);
});
