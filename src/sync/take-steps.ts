// Takes the steps of a plan on a host, one after the other. Each is looked at before and after: what
// the host shows has to be what all steps so far have made of it. A step that fails is believed only
// as far as the host shows it: an answer may get lost on its way while the action took place.

import { HostError } from "../host/errors.ts";
import type { ActOptions, ListedPayload, LivepatchHost } from "../host/host.ts";
import { invariant } from "../invariant.ts";
import type { PlanStep } from "../plan/plan-form.ts";
import { halfReplaced, type Scene, sceneAfter, shows } from "./scene.ts";
import { listSettled } from "./settle.ts";
import { findFile, type SyncFile } from "./sync-file.ts";

export interface StepOptions extends Omit<ActOptions, "signal" | "dependencyCheck"> {
  /** Looked at between steps only: what has begun is brought to its end. */
  readonly signal: AbortSignal | undefined;
  readonly onStep: (event: StepEvent) => void;
  /** Between two looks at a host that still works on something; for `ms` where a step says how long. */
  readonly pause: (ms?: number) => Promise<void>;
}

export interface StepEvent {
  readonly phase: "begins" | "done";
  /** From 1 on. */
  readonly number: number;
  readonly count: number;
  readonly step: PlanStep;
  /** `way-back`: the steps undo what others did before one failed. */
  readonly direction: "forward" | "way-back";
}

export interface DoneStep extends Pick<PlanStep, "action" | "name"> {
  /** Missed rendezvous, made up for. */
  readonly retries: number;
  readonly elapsedMs: number;
}

export interface StepRun {
  readonly host: LivepatchHost;
  readonly steps: readonly PlanStep[];
  readonly files: readonly SyncFile[];
  /** Payloads that may be unloaded though the hypervisor may still reach them. */
  readonly dangling?: readonly string[];
  /** Before the first step. */
  readonly scene: Scene;
  readonly direction: StepEvent["direction"];
}

export type StepsEnding =
  | { readonly kind: "done" }
  /** By the signal, before the next step. */
  | { readonly kind: "stopped" }
  /** The host is in the scene before the step, or with less when a replace failed half-way. */
  | { readonly kind: "failed"; readonly step: PlanStep; readonly failure: HostError }
  /** The host shows what none of the steps makes of it. */
  | {
      readonly kind: "changed";
      readonly step: PlanStep;
      readonly list: readonly ListedPayload[];
      readonly failure: HostError | undefined;
    }
  /** It does not answer, or works on something for too long. */
  | { readonly kind: "lost"; readonly step: PlanStep; readonly failure: HostError };

export interface StepsResult {
  readonly done: readonly DoneStep[];
  /** The last one that the host was seen in. */
  readonly scene: Scene;
  readonly ending: StepsEnding;
}

export async function takeSteps(run: StepRun, options: StepOptions): Promise<StepsResult> {
  const done: DoneStep[] = [];
  let { scene } = run;
  for (const [index, step] of run.steps.entries()) {
    if (options.signal?.aborted) return { done, scene, ending: { kind: "stopped" } };
    const event = { step, number: index + 1, count: run.steps.length, direction: run.direction };
    options.onStep({ phase: "begins", ...event });
    const taken = await takeStep(run, step, scene, options);
    scene = taken.scene;
    if (taken.ending !== undefined) return { done, scene, ending: taken.ending };
    done.push({ action: step.action, name: step.name, ...taken.effort });
    options.onStep({ phase: "done", ...event });
  }
  return { done, scene, ending: { kind: "done" } };
}

interface TakenStep {
  readonly scene: Scene;
  /** `undefined` when the step is done. */
  readonly ending: StepsEnding | undefined;
  readonly effort: Effort;
}

type Effort = Pick<DoneStep, "retries" | "elapsedMs">;

const noEffort = { retries: 0, elapsedMs: 0 };

async function takeStep(
  run: StepRun,
  step: PlanStep,
  scene: Scene,
  options: StepOptions,
): Promise<TakenStep> {
  const stays = (ending: StepsEnding): TakenStep => ({ scene, ending, effort: noEffort });
  const before = await look(run.host, options);
  if (before instanceof HostError) return stays({ kind: "lost", step, failure: before });
  if (!shows(before, scene)) {
    return stays({ kind: "changed", step, list: before, failure: undefined });
  }
  const outcome = await perform(run, step, options);
  const list = await lookAfter(run, step, outcome, options);
  if (list instanceof HostError) {
    const failure = outcome instanceof HostError ? outcome : list;
    return stays({ kind: "lost", step, failure });
  }
  const after = sceneAfter(scene, step);
  const effort = outcome instanceof HostError ? noEffort : outcome;
  if (shows(list, after)) return { scene: after, ending: undefined, effort };
  const failure = outcome instanceof HostError ? outcome : undefined;
  const left = shows(list, scene)
    ? scene
    : step.action === "replace"
      ? halfReplaced(list, scene)
      : undefined;
  if (failure === undefined || left === undefined) {
    return stays({ kind: "changed", step, list, failure });
  }
  return { scene: left, ending: { kind: "failed", step, failure }, effort };
}

/** What the host lists, when whatever this step has begun has come to its end. */
async function lookAfter(
  { host }: StepRun,
  { name }: PlanStep,
  outcome: Effort | HostError,
  options: StepOptions,
): Promise<readonly ListedPayload[] | HostError> {
  if (!(outcome instanceof HostError)) return look(host, options);
  // Also after a refusal: it may be an answer to a question that was asked after the action.
  const isOpen = (listed: ListedPayload) => listed.name === name && listed.status.kind === "busy";
  try {
    const { list, busy } = await listSettled(host, isOpen, options);
    // A failed action may leave a payload that looks busy for ever (ABI reference §4).
    const isOver = busy.length === 0 || outcome.report.code === "host/action-failed";
    return isOver ? list : stillBusy(host, busy);
  } catch (error) {
    if (error instanceof HostError) return error;
    throw error;
  }
}

async function look(
  host: LivepatchHost,
  { deadlineMs }: StepOptions,
): Promise<readonly ListedPayload[] | HostError> {
  try {
    return await host.list({ deadlineMs });
  } catch (error) {
    if (error instanceof HostError) return error;
    throw error;
  }
}

async function perform(
  { host, files, dangling = [] }: StepRun,
  { action, name, buildId, dependencyCheck = "whole-chain", afterMs }: PlanStep,
  { deadlineMs, quiesceMs, pause }: StepOptions,
): Promise<Effort | HostError> {
  try {
    if (afterMs !== undefined) await pause(afterMs);
    if (action !== "upload") {
      const consent = dangling.includes(name) ? ({ dangling: "allow" } as const) : {};
      const options = { deadlineMs, quiesceMs, dependencyCheck, ...consent };
      const { retries, elapsedMs } = await host.act(action, name, options);
      return { retries, elapsedMs };
    }
    const file = findFile(files, buildId);
    invariant(file !== undefined, `${name} is to be uploaded and has no file`);
    await host.upload(name, file.bytes, { deadlineMs });
    return noEffort;
  } catch (error) {
    if (error instanceof HostError) return error;
    throw error;
  }
}

function stillBusy(host: LivepatchHost, busy: readonly string[]): HostError {
  const names = busy.map((name) => `"${name}"`);
  return new HostError({
    code: "host/timeout",
    problem: `Cannot tell the state of ${names.join(", ")} on ${host.label}: the hypervisor still has pending work`,
    remedy: "check the list later",
  });
}
