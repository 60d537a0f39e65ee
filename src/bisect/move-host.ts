// Moves a host to a stack of payloads by the steps of a plan: a cumulative payload replaces what is
// applied (REPLACE), and the former payloads are restored without an unpatched moment where possible.
// The plan starts from the host's present state, however it came about.

import type { ActOptions, LivepatchHost } from "../host/host.ts";
import { invariant } from "../invariant.ts";
import type { Payload } from "../payload/payload.ts";
import type { HostState } from "../plan/host-state.ts";
import { observeHost } from "../plan/observe.ts";
import { PlanError } from "../plan/obstacle.ts";
import type { GivenPayload } from "../plan/piece.ts";
import { makePlan, type Planned } from "../plan/plan.ts";
import type { PlanStep } from "../plan/plan-form.ts";
import { askBeforeReplace } from "../probe/before-replace.ts";
import { PROBE_NAME_PREFIX } from "../probe/probe.ts";
import { BisectError } from "./errors.ts";

/** Prefix of the names of these payloads, so that anyone who finds one knows its origin. */
export const BISECT_NAME_PREFIX = "xsplice-bisect-";

/** A payload that can be uploaded. */
export interface BisectFile extends GivenPayload {
  readonly bytes: Uint8Array;
  readonly payload: Payload;
}

export interface Destination {
  /** Names of the payloads to apply, from the bottom to the top. */
  readonly stack: readonly string[];
  /** By their names on the host. */
  readonly files: readonly BisectFile[];
}

export interface MoveOptions extends Omit<ActOptions, "dependencyCheck"> {
  /** Whether a payload that is restored may lose the values of its variables. */
  readonly freshData: "refuse" | "allow";
  /** Before a payload is unloaded whose code CPUs have to leave. */
  readonly pause: (ms: number) => Promise<void>;
}

/**
 * Payloads of other prefixes are unloaded; payloads of others stay loaded.
 * @throws PlanError when there is no way; HostError; PayloadError; the reason of `signal`
 */
export async function moveHost(
  host: LivepatchHost,
  { stack, files }: Destination,
  options: MoveOptions,
): Promise<readonly PlanStep[]> {
  const { state } = await observeHost(host, files, options);
  const planned = planTo(state, { stack, files }, options);
  if (planned.kind === "refused") throw new PlanError(planned.obstacles[0], planned.obstacles);
  for (const step of planned.plan.steps) await takeStep(host, step, files, options);
  return planned.plan.steps;
}

/** Why the host could not be restored; checked before the first step. */
export function planBack(
  state: HostState,
  files: readonly BisectFile[],
  options: Pick<MoveOptions, "freshData">,
): Planned {
  const away = new Set(state.stack.names);
  const later: HostState = {
    ...state,
    loaded: state.loaded.map((one) =>
      away.has(one.name) ? { ...one, status: { kind: "checked" }, history: "reverted" } : one,
    ),
    stack: { kind: "known", names: [], evidence: "no-choice" },
  };
  return planTo(later, { stack: state.stack.names, files }, options);
}

function planTo(
  state: HostState,
  { stack, files }: Destination,
  { freshData }: Pick<MoveOptions, "freshData">,
): Planned {
  const ours = state.loaded.map(({ name }) => name).filter(isOurs);
  const unwanted = ours.filter((name) => !stack.includes(name));
  return makePlan(state, { kind: "restore", stack, unwanted }, { files, freshData });
}

/** A probe that was killed leaves its payload behind, and reverts would fail. */
function isOurs(name: string): boolean {
  return name.startsWith(BISECT_NAME_PREFIX) || name.startsWith(PROBE_NAME_PREFIX);
}

async function takeStep(
  host: LivepatchHost,
  { action, name, buildId, dependencyCheck = "whole-chain", afterMs }: PlanStep,
  files: readonly BisectFile[],
  options: MoveOptions,
): Promise<void> {
  options.signal?.throwIfAborted();
  // A step that has begun is completed.
  const { deadlineMs, quiesceMs } = options;
  const file = files.find((one) => one.facts.buildId === buildId);
  if (action === "upload") {
    invariant(file !== undefined, `${name} is to be uploaded and has no file`);
    await host.upload(name, file.bytes, { deadlineMs });
    return;
  }
  // Xen compares only after it has reverted all others, and cannot undo that.
  if (action === "replace" && file !== undefined) await requireExpectedCode(host, file, options);
  if (afterMs !== undefined) await options.pause(afterMs);
  await host.act(action, name, { deadlineMs, quiesceMs, dependencyCheck });
}

async function requireExpectedCode(
  host: LivepatchHost,
  { name, payload }: BisectFile,
  options: MoveOptions,
): Promise<void> {
  const found = await askBeforeReplace(host, payload, options);
  if (found.kind !== "different") return;
  throw new BisectError({
    code: "bisect/other-code",
    problem: `Cannot replace what is applied by "${name}": the hypervisor's code is not what it expects`,
    ...(found.words === "" ? {} : { where: found.words }),
    remedy: "find out what changed it; the host was not changed",
  });
}
