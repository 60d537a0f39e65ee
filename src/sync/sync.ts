// From what a host runs to what it should run: the list of passes of `xsplice sync`. Every check that
// is possible beforehand is done before the first step. If a step fails, the host's former state is
// restored; if that is not possible, the report describes its state.

import type { ListedPayload } from "../host/host.ts";
import { fingerprintOf, type HostState } from "../plan/host-state.ts";
import type { Journalled } from "../plan/journalled-host.ts";
import { observeHost } from "../plan/observe.ts";
import { PlanError } from "../plan/obstacle.ts";
import { makePlan, type PlanOptions } from "../plan/plan.ts";
import type { Plan } from "../plan/plan-form.ts";
import type { Wish } from "../plan/wish.ts";
import type { Hypervisor } from "../xen-model/hypervisor.ts";
import { conclude } from "./conclude.ts";
import { lockHost } from "./lock.ts";
import { mend } from "./mend.ts";
import { probeGuards } from "./probe-guards.ts";
import { rehearse } from "./rehearse.ts";
import type { SyncReport } from "./report.ts";
import { allowedToDangle, requireSafe } from "./require-safe.ts";
import type { Scene } from "./scene.ts";
import { listSettled } from "./settle.ts";
import { sweepProbes } from "./sweep.ts";
import type { SyncFile } from "./sync-file.ts";
import { type StepOptions, takeSteps } from "./take-steps.ts";

export interface SyncRequest {
  readonly goal:
    | { readonly kind: "wish"; readonly wish: Wish; readonly options: Omit<PlanOptions, "files"> }
    /** A plan made earlier, for the present state of the host. */
    | { readonly kind: "plan"; readonly plan: Plan };
  /** Of the payloads to upload, and of loaded payloads as far as they were given. */
  readonly files: readonly SyncFile[];
  /** The hypervisor of the host, to try all steps on the model first. */
  readonly hypervisor: Hypervisor | undefined;
}

export interface SyncOptions extends StepOptions {
  /** Called before the first step, and waited for; what it throws ends the sync before that step. */
  readonly onPlan: (plan: Plan, state: HostState) => void | Promise<void>;
  /** Sentences that a person should read before the first step; also in the report. */
  readonly onNote?: (note: string) => void;
}

/**
 * @param on the host, each action of which is written down (JournalledHost), and the journal's goal
 * @throws PlanError when there is no way or the plan is stale; SyncError and others when nothing was
 * done yet
 */
export async function syncHost(
  on: Journalled,
  request: SyncRequest,
  options: SyncOptions,
): Promise<SyncReport> {
  const locked = await lockHost(on.host, options);
  for (const note of locked.notes) options.onNote?.(note);
  try {
    const report = await syncLocked(on, request, options);
    return { ...report, notes: [...locked.notes, ...report.notes] };
  } finally {
    await locked.release();
  }
}

async function syncLocked(
  { host, goal }: Journalled,
  request: SyncRequest,
  options: SyncOptions,
): Promise<SyncReport> {
  const { files, hypervisor } = request;
  const { deadlineMs, quiesceMs, signal } = options;
  // An earlier command may have ended with an action under way.
  const isBusy = ({ status }: ListedPayload) => status.kind === "busy";
  const settled = await listSettled(host, isBusy, options);
  const swept = await sweepProbes(host, settled.list, options);
  const mended = await mend({ host, goal }, files, options);
  const { state, list } = mended.view ?? (await observeHost(host, files, { deadlineMs }));
  const plan = planFor(state, request);
  requireSafe(plan, state, files);
  requireWhole(plan, state);
  const names = list.map(({ name }) => name);
  const origin: Scene = { loaded: names, applied: state.stack.names };
  // From here on it is known what is to be done, and that all of it is available.
  await options.onPlan(plan, state);
  goal.set(plan.stack);
  if (hypervisor !== undefined) rehearse(hypervisor, state, plan.steps, files);
  const probed = await probeGuards(host, plan.steps, files, {
    deadlineMs,
    quiesceMs,
    ...(signal && { signal }),
  });
  const dangling = allowedToDangle(plan);
  const run = { host, steps: plan.steps, files, dangling, scene: origin } as const;
  const taken = await takeSteps({ ...run, direction: "forward" }, options);
  const notes = [...swept, ...mended.notes, ...probed];
  const begun = { host, goal, plan, taken, mended: mended.done, notes, origin, state, files };
  return conclude(begun, options);
}

/** @throws PlanError */
function planFor(state: HostState, { goal, files }: SyncRequest): Plan {
  if (goal.kind === "plan") {
    if (goal.plan.fingerprint === fingerprintOf(state)) return goal.plan;
    throw new PlanError({
      code: "plan/stale",
      problem: "Cannot follow the plan: the host has changed since it was made",
      expected: "the boot, the payloads, their states and their order that it was made for",
      remedy: 'make a new plan, or let "xsplice sync" make it',
    });
  }
  const planned = makePlan(state, goal.wish, { ...goal.options, files });
  if (planned.kind === "plan") return planned.plan;
  throw new PlanError(planned.obstacles[0], planned.obstacles);
}

/** @throws PlanError plan/bad-file when the steps do not lead to the stack that the plan promises */
function requireWhole({ steps, stack }: Plan, state: HostState): void {
  let applied = state.stack.names;
  for (const { action, name } of steps) {
    if (action === "apply") applied = [...applied, name];
    else if (action === "revert") applied = applied.filter((other) => other !== name);
    else if (action === "replace") applied = [name];
  }
  // Of a host whose order is not known, only what is applied can be told.
  const told = (names: readonly string[]) =>
    (state.stack.kind === "unknown" ? names.toSorted() : names).join(", ") || "nothing";
  if (told(applied) === told(stack)) return;
  throw new PlanError({
    code: "plan/bad-file",
    problem: "Cannot follow the plan: its steps do not lead to what it promises",
    expected: `${told(stack)} applied at the end; with its steps it would be ${told(applied)}`,
    remedy: "make a new plan: this one was changed after it was made",
  });
}
