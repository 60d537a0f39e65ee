import assert from "node:assert/strict";
import { test } from "node:test";
import type { Judged } from "./observation.ts";
import { type Health, type ProofRun, type RunKind, runsFor, verdictOf } from "./proof.ts";

const well: Health = { isWell: true, words: "it answers" };
const ill: Health = { isWell: false, words: "the other guest is gone" };

function run(kind: RunKind, saw: Judged["kind"], health: Health | undefined = well): ProofRun {
  const judged: Judged = { kind: saw, words: saw };
  return { kind, judged, health, output: "", console: "", seconds: 1 };
}

const proved = [run("unpatched", "hole"), run("patched", "no-hole"), run("reverted", "hole")];

test("closed needs the hole, no hole on a hypervisor that is well, and the hole again", () => {
  assert.deepEqual(verdictOf(proved), { kind: "closed" });
});

test("whatever one run shows otherwise, the verdict is another one", () => {
  const kinds: readonly Judged["kind"][] = ["hole", "no-hole", "lacking", "unexpected"];
  for (const [index, right] of proved.entries()) {
    for (const saw of kinds.filter((kind) => kind !== right.judged.kind)) {
      const runs = proved.with(index, run(right.kind, saw));
      const expected = right.kind === "patched" ? "not-closed" : "not-shown";
      assert.equal(verdictOf(runs).kind, expected, `${right.kind} ${saw}`);
    }
  }
});

test("a hypervisor that is not well, or that nobody looked at, is not closed", () => {
  for (const health of [ill, undefined]) {
    const runs = proved.with(1, { ...run("patched", "no-hole"), health });
    assert.equal(verdictOf(runs).kind, "not-closed");
  }
});

test("a run that is missing, or one of several that shows something else, proves nothing", () => {
  for (let length = 0; length < proved.length; length++) {
    assert.equal(verdictOf(proved.slice(0, length)).kind, "not-shown");
  }
  assert.equal(verdictOf([...proved, run("reverted", "no-hole")]).kind, "not-shown");
  assert.equal(verdictOf([...proved, run("patched", "hole")]).kind, "not-closed");
});

test("a race that did not show its hole, and then did, has shown it; the payload must stand all runs", () => {
  const missed = { ...run("unpatched", "no-hole"), isMissed: true } as const;
  assert.equal(verdictOf([missed, missed, ...proved]).kind, "closed");
  assert.equal(verdictOf([missed, ...proved.slice(1)]).kind, "not-shown");
  assert.equal(verdictOf([missed, ...proved, run("patched", "hole")]).kind, "not-closed");
});

test("runsFor() makes a hole with these odds show with 99 % of certainty, within a limit", () => {
  assert.equal(runsFor(undefined), 1);
  assert.equal(runsFor({ shows: 3, of: 3 }), 1);
  assert.equal(runsFor({ shows: 1, of: 2 }), 7);
  assert.equal(runsFor({ shows: 1, of: 10 }), 44);
  assert.equal(runsFor({ shows: 1, of: 1000 }), 200);
});
