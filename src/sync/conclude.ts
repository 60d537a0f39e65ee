// The end of a sync: at the goal or, after a failed step, back at the start if possible.

import type { ErrorReport } from "../error.ts";
import { HostError } from "../host/errors.ts";
import type { HostState } from "../plan/host-state.ts";
import type { Journalled } from "../plan/journalled-host.ts";
import { observeHost } from "../plan/observe.ts";
import type { Plan } from "../plan/plan-form.ts";
import type { SyncReport } from "./report.ts";
import { restore, type WayBackResult } from "./restore.ts";
import type { Scene } from "./scene.ts";
import type { SyncFile } from "./sync-file.ts";
import type { DoneStep, StepOptions, StepsEnding, StepsResult } from "./take-steps.ts";

export interface Begun extends Journalled {
  readonly plan: Plan;
  readonly taken: StepsResult;
  readonly mended: readonly DoneStep[];
  readonly notes: readonly string[];
  /** Before the first step. */
  readonly origin: Scene;
  readonly state: HostState;
  readonly files: readonly SyncFile[];
}

export async function conclude(begun: Begun, options: StepOptions): Promise<SyncReport> {
  const ending = await endingOf(begun, options);
  const { goal, plan, taken, mended, notes } = begun;
  const count = taken.done.length;
  const isUnderWay = ending.outcome === "stopped" || ending.outcome === "astray";
  const { deadlineMs } = options;
  if (ending.outcome === "done") await goal.reached({ deadlineMs });
  else if (!isUnderWay) await goal.forget({ deadlineMs });
  return {
    plan,
    mended,
    done: taken.done,
    ...ending,
    notes: [...notes, ...ending.notes],
    missing: isUnderWay
      ? plan.missing.filter(({ fromStep, toStep }) => fromStep <= count && count < toStep)
      : [],
    ...(await lastLook(begun, options)),
  };
}

type Ending = Pick<SyncReport, "outcome" | "wayBack" | "failure" | "notes">;

async function endingOf(begun: Begun, options: StepOptions): Promise<Ending> {
  const { ending, scene } = begun.taken;
  const none = { wayBack: [], notes: [], failure: undefined };
  switch (ending.kind) {
    case "done":
      return { outcome: "done", ...none };
    case "stopped":
      return { outcome: "stopped", ...none };
    case "failed": {
      const failure = ending.failure.report;
      // Everything wanted is in force: going back would only make it worse.
      const isInForce = scene.applied.join("\0") === begun.plan.stack.join("\0");
      if (ending.step.action === "unload" && isInForce) {
        return { outcome: "astray", ...none, failure };
      }
      return goBack(begun, failure, options);
    }
    default:
      return { outcome: "astray", ...none, failure: reportOf(ending) };
  }
}

async function goBack(
  { host, goal, origin, state, taken, files }: Begun,
  failure: ErrorReport,
  options: StepOptions,
): Promise<Ending> {
  const way = { host, goal, origin, state, scene: taken.scene, files };
  const result = await tryRestore(way, options);
  if (result.kind === "back") {
    return { outcome: "returned", wayBack: result.done, failure, notes: result.notes };
  }
  const words =
    result.kind === "no-way"
      ? result.obstacles.map(({ problem }) => problem)
      : [reportOf(result.ending)?.problem ?? "the way back was stopped"];
  const notes = words.map((word) => `the previous state of the host was not restored: ${word}`);
  const wayBack = result.kind === "failed" ? result.done : [];
  return { outcome: "astray", wayBack, failure, notes };
}

async function tryRestore(...args: Parameters<typeof restore>): Promise<WayBackResult> {
  try {
    return await restore(...args);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return { kind: "no-way", obstacles: [{ ...error.report, code: "plan/unknown" }] };
  }
}

function reportOf(ending: Exclude<StepsEnding, { kind: "done" }>): ErrorReport | undefined {
  if (ending.kind === "stopped") return undefined;
  if (ending.kind !== "changed") return ending.failure.report;
  if (ending.failure !== undefined) return ending.failure.report;
  const { action, name } = ending.step;
  return {
    code: "sync/host-changed",
    problem: `Cannot go on with ${action} "${name}": the host has changed since the last step`,
    where: ending.list.map((listed) => `"${listed.name}" is ${listed.status.kind}`).join("\n"),
    expected: "nobody else at work at the same time",
  };
}

async function lastLook(
  { host, files, plan, origin, state: { stack } }: Begun,
  { deadlineMs }: StepOptions,
): Promise<Pick<SyncReport, "loaded" | "stack">> {
  // Nothing was to be done: it was looked at just now.
  if (plan.steps.length === 0) return { loaded: origin.loaded, stack };
  try {
    const { state, list } = await observeHost(host, files, { deadlineMs });
    return { loaded: list.map(({ name }) => name), stack: state.stack };
  } catch (error) {
    if (error instanceof HostError) return { loaded: undefined, stack: undefined };
    throw error;
  }
}
