// Restores a host's former state, by a new plan from its present state. Reverted payloads are applied
// again, and uploaded again from their files if Xen would not apply them as they are; new payloads are
// unloaded.

import type { HostState } from "../plan/host-state.ts";
import type { Journalled } from "../plan/journalled-host.ts";
import { observeHost } from "../plan/observe.ts";
import type { Obstacle } from "../plan/obstacle.ts";
import { makePlan, type Planned } from "../plan/plan.ts";
import type { Plan, PlanStep } from "../plan/plan-form.ts";
import type { Wish } from "../plan/wish.ts";
import { type Scene, shows } from "./scene.ts";
import { findFile, type SyncFile } from "./sync-file.ts";
import { type DoneStep, type StepOptions, type StepsEnding, takeSteps } from "./take-steps.ts";

export interface WayBack extends Journalled {
  /** The former state. */
  readonly origin: Scene;
  /** Files of the payloads loaded then. */
  readonly state: HostState;
  /** The state in which it was last seen; `undefined` when unknown. */
  readonly scene: Scene | undefined;
  readonly files: readonly SyncFile[];
}

export type WayBackResult =
  | { readonly kind: "back"; readonly done: readonly DoneStep[]; readonly notes: readonly string[] }
  /** No way back exists; the host stays as it was found. */
  | { readonly kind: "no-way"; readonly obstacles: readonly Obstacle[] }
  | {
      readonly kind: "failed";
      readonly done: readonly DoneStep[];
      readonly ending: Exclude<StepsEnding, { readonly kind: "done" }>;
    };

/** Cannot be aborted: a half-restored host is worse. @throws HostError when it does not answer */
export async function restore(way: WayBack, options: StepOptions): Promise<WayBackResult> {
  const { host, goal, origin, files } = way;
  const { state, list } = await observe(way, options);
  const planned = planBack(way, state);
  if (planned.kind === "refused") return { kind: "no-way", obstacles: planned.obstacles };
  const { plan } = planned;
  goal.set(plan.stack);
  const scene: Scene = {
    loaded: list.map(({ name }) => name),
    applied: state.stack.names,
  };
  const missing = origin.loaded.filter((name) => !isLoadedAfter(plan, scene, name));
  const again = missing.flatMap((name) => uploadOf(name, way) ?? []);
  const taken = await takeSteps(
    { host, steps: [...plan.steps, ...again], files, scene, direction: "way-back" },
    { ...options, signal: undefined },
  );
  const { done, ending } = taken;
  if (ending.kind !== "done") return { kind: "failed", done, ending };
  const gone = missing.filter((name) => !again.some((step) => step.name === name));
  return { kind: "back", done, notes: notesOf(plan, gone) };
}

async function observe(
  { host, scene, files, state: { stack } }: WayBack,
  { deadlineMs }: StepOptions,
): ReturnType<typeof observeHost> {
  const view = await observeHost(host, files, { deadlineMs });
  if (scene === undefined || stack.kind === "unknown" || !shows(view.list, scene)) return view;
  // Known from the steps taken, also where no journal is kept.
  const known = { kind: "known", names: scene.applied, evidence: "journal" } as const;
  return { ...view, state: { ...view.state, stack: known } };
}

/** Data that was lost on the way cannot be restored; a way without such loss is preferred. */
function planBack({ origin, files, state }: WayBack, now: HostState): Planned {
  const wish: Wish = {
    kind: "restore",
    stack: origin.applied,
    unwanted: now.loaded.map(({ name }) => name).filter((name) => !origin.loaded.includes(name)),
  };
  const named = origin.applied.flatMap((name) => {
    const file = findFile(files, state.loaded.find((one) => one.name === name)?.facts.buildId);
    return file === undefined ? [] : [{ ...file, name }];
  });
  const gentle = makePlan(now, wish, { files: named });
  return gentle.kind === "plan"
    ? gentle
    : makePlan(now, wish, { files: named, freshData: "allow" });
}

function isLoadedAfter(plan: Plan, { loaded }: Scene, name: string): boolean {
  const last = plan.steps.findLast(
    (step) => step.name === name && (step.action === "upload" || step.action === "unload"),
  );
  return last === undefined ? loaded.includes(name) : last.action === "upload";
}

function uploadOf(name: string, { state, files }: WayBack): PlanStep | undefined {
  const buildId = state.loaded.find((one) => one.name === name)?.facts.buildId;
  const file = findFile(files, buildId);
  if (file === undefined) return undefined;
  return { action: "upload", name, buildId, source: file.source, functions: [], unknown: [] };
}

function notesOf({ notices }: Plan, gone: readonly string[]): readonly string[] {
  const fresh = notices.filter(({ kind }) => kind === "fresh-data").map(({ words }) => words);
  const lost = gone.map((name) => `"${name}" is not loaded any more: its file was not given`);
  return [...fresh, ...lost];
}
