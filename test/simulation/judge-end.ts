// What must be true when the storm is over and the sync has come to its end.

import assert from "node:assert/strict";
import type { Attempt } from "./attempt.ts";
import type { Machine } from "./machine.ts";
import type { Scenario } from "./scenario.ts";

/** Nothing is left to do; or, where nothing can be done, it says so. */
export function hasEnded({ end }: Attempt, { isHopeless }: Scenario): boolean {
  if (end.kind === "reported") return end.report.outcome === (isHopeless ? "returned" : "done");
  return isHopeless && end.kind === "refused" && end.error.report.code === "sync/guard-differs";
}

/** @param former what was applied before the first attempt */
export function checkEnd(
  { machine, command: { wish }, isHopeless }: Scenario,
  past: readonly Attempt[],
  former: readonly string[],
): void {
  const { applied } = machine.model;
  if (isHopeless) {
    for (const name of tornAway(machine)) assert.ok(applied.includes(name), `"${name}" is gone`);
    return;
  }
  if (wish.kind === "apply-exactly") {
    const names = wish.payloads.map(({ name }) => name);
    assert.deepEqual([...applied].sort(), names.sort(), "what is applied in the end");
  }
  if (wish.kind === "revert") {
    const { names } = wish;
    const left = applied.filter((name) => names.includes(name));
    assert.deepEqual(left, [], "what is still applied");
    const others = inForce(machine, former).filter((name) => !names.includes(name));
    const words = past.map(wordsOf).join("\n");
    for (const name of others.filter((other) => !applied.includes(other))) {
      assert.ok(words.includes(`"${name}"`), `"${name}" is lost in silence`);
    }
  }
}

/** By a replace that failed half-way, as far as nobody else has done anything since. */
function tornAway({ changesOfBoot }: Machine): readonly string[] {
  const last = changesOfBoot.findLast(({ by, action, isWhole }) => {
    return by === "stranger" || (action === "replace" && !isWhole);
  });
  return last === undefined || last.by === "stranger" ? [] : last.reverted;
}

/** What would be applied if there had been no sync. */
function inForce({ boot, changesOfBoot }: Machine, former: readonly string[]): readonly string[] {
  const names = new Set(boot === 1 ? former : []);
  for (const { by, action, name, reverted } of changesOfBoot) {
    if (by !== "stranger") continue;
    if (action === "apply" || action === "replace") names.add(name);
    for (const other of reverted) names.delete(other);
  }
  return [...names];
}

function wordsOf({ end }: Attempt): string {
  if (end.kind === "refused") return end.error.message;
  if (end.kind !== "reported") return "";
  return [end.report.failure?.problem ?? "", ...end.report.notes].join("\n");
}
