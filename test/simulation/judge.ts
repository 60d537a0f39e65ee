// What a sync promises, held against what became of the machine.

import assert from "node:assert/strict";
import { PROBE_NAME_PREFIX } from "../../src/probe/probe.ts";
import type { SyncReport } from "../../src/sync/report.ts";
import type { Attempt } from "./attempt.ts";
import type { Machine } from "./machine.ts";

/** Of every attempt, whatever befell it. */
export function checkAttempt(attempt: Attempt, machine: Machine): void {
  const { end, leftLocked } = attempt;
  assert.ok(!leftLocked, "the lock is still held");
  checkTold(attempt);
  if (end.kind !== "reported" || !isAlone(attempt, machine)) return;
  checkOutcome(attempt, end.report);
  checkReportedSteps(attempt, end.report);
  checkLoss(attempt, end.report);
  checkStack(attempt, end.report, machine);
}

/** Nobody else did anything meanwhile, nor has begun to. */
function isAlone({ by, changes, rebooted }: Attempt, { worker }: Machine): boolean {
  const isForeign = worker !== undefined && worker !== by;
  return !rebooted && !isForeign && changes.every((change) => change.by === by);
}

/** Whoever looks at the terminal has read of every step before it was taken. */
function checkTold({ by, changes, told, end }: Attempt): void {
  const open = told.map(({ step }) => `${step.action} ${step.name}`);
  for (const { by: actor, action, name } of changes) {
    if (actor !== by || name.startsWith(PROBE_NAME_PREFIX)) continue;
    assert.ok(takeOut(open, `${action} ${name}`), `${action} ${name} was done, and not told`);
  }
  if (end.kind === "refused" || end.kind === "interrupted") {
    const begun = told.filter(({ direction }) => direction === "forward");
    assert.deepEqual(begun, [], "it says that it did not begin, and did");
  }
}

function checkOutcome(attempt: Attempt, { outcome, plan, mended, stack }: SyncReport): void {
  const { appliedBefore, appliedAfter, appliedLater } = attempt;
  if (outcome === "stopped" || outcome === "astray") return;
  assert.deepEqual(appliedLater, appliedAfter, `${outcome}, with something still under way`);
  if (outcome === "done") {
    const known = (names: readonly string[]) =>
      stack?.kind === "known" ? names : [...names].sort();
    assert.deepEqual(known(appliedAfter), known(plan.stack), "done, and not as planned");
  } else if (mended.length === 0) {
    assert.deepEqual(appliedAfter, appliedBefore, "returned, and not as it was");
  }
}

/** Each step in the report took place; what took place besides is what failed half-way or got lost. */
function checkReportedSteps({ by, changes }: Attempt, report: SyncReport): void {
  const { mended, done, wayBack, failure, notes } = report;
  const taken = changes
    .filter((change) => change.by === by)
    .map(({ action, name }) => `${action} ${name}`);
  for (const { action, name } of [...mended, ...done, ...wayBack]) {
    const step = `${action} ${name}`;
    assert.ok(takeOut(taken, step), `${step} is reported, and did not take place`);
  }
  const isOpen = failure !== undefined || notes.length > 0;
  const rest = taken.filter((step) => !step.includes(PROBE_NAME_PREFIX));
  assert.ok(rest.length === 0 || isOpen, `not in the report: ${rest.join(", ")}`);
}

/** What was applied and is not any more was not wanted, or the report says that it is gone. */
function checkLoss({ appliedBefore, appliedAfter }: Attempt, report: SyncReport): void {
  const { outcome, plan, notes, stack } = report;
  for (const name of appliedBefore.filter((other) => !appliedAfter.includes(other))) {
    if (outcome === "done") assert.ok(!plan.stack.includes(name), `"${name}" is lost in silence`);
    const isNoted = notes.some((note) => note.includes(`"${name}"`));
    if (outcome === "returned") assert.ok(isNoted, `"${name}" is lost in silence`);
    assert.ok(!stack?.names.includes(name), `"${name}" is said to be applied`);
  }
}

function checkStack({ appliedAfter }: Attempt, { stack }: SyncReport, machine: Machine): void {
  if (stack === undefined) return;
  assert.deepEqual([...stack.names].sort(), [...appliedAfter].sort(), "what it says is applied");
  const isOurs = machine.changesOfBoot.every(({ by }) => by !== "stranger");
  // What others do may look, to Xen's list, as if nothing had been done.
  if (stack.kind === "known" && isOurs) {
    assert.deepEqual(stack.names, appliedAfter, "the order that it says is known");
  }
}

function takeOut(list: string[], item: string): boolean {
  const index = list.indexOf(item);
  if (index >= 0) list.splice(index, 1);
  return index >= 0;
}
