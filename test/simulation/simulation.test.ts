import assert from "node:assert/strict";
import { test } from "node:test";
import type { Attempt } from "./attempt.ts";
import { delays, mishaps } from "./luck.ts";
import { simulate } from "./simulate.ts";

/** In some seconds; `npm run simulate` plays more. */
const SEEDS = 300;

test("syncHost() keeps its promises in every storm, and comes to its end in quiet", async () => {
  const counts = new Map<string, number>();
  const count = (what: string, times = 1) => counts.set(what, (counts.get(what) ?? 0) + times);
  for (let seed = 0; seed < SEEDS; seed++) {
    const { attempts, mishaps: met } = await simulate(seed);
    for (const [mishap, times] of met) count(mishap, times);
    if (met.size > 2) count("several at once");
    for (const attempt of attempts) count(nameOf(attempt));
  }
  // A simulation in which one of them no longer happens shows less than it seems to.
  const rare = [...mishaps, ...delays, ...endings].filter((what) => !counts.has(what));
  assert.deepEqual(rare, []);
});

test("simulate() does the same for the same seed", async () => {
  const endsOf = async (seed: number) =>
    (await simulate(seed)).attempts.map(({ end, changes }) => ({ end: end.kind, changes }));
  for (let seed = 0; seed < 10; seed++) {
    assert.deepEqual(await endsOf(seed), await endsOf(seed), `seed ${seed}`);
  }
});

const endings = [
  ...["killed", "interrupted", "refused", "done", "returned", "stopped", "astray"],
  "several at once",
];

function nameOf({ end }: Attempt): string {
  return end.kind === "reported" ? end.report.outcome : end.kind;
}
