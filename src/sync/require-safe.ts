// Conditions of a plan before its first step, for plans of any origin: a file may have been written by
// anyone.

import { settledState } from "../host/settled-state.ts";
import { mayIgnoreDependency } from "../payload/stacking.ts";
import { findBrokenBinding } from "../plan/bindings.ts";
import { type HostState, type LoadedPayload, leavingMsOf } from "../plan/host-state.ts";
import type { Plan, PlanStep } from "../plan/plan-form.ts";
import { SyncError } from "./errors.ts";
import { findFile, type SyncFile } from "./sync-file.ts";

/** @throws SyncError sync/bad-plan */
export function requireSafe(
  { steps, notices }: Plan,
  state: HostState,
  files: readonly SyncFile[],
): void {
  let { loaded } = state;
  const allowed = allowedToDangle({ notices });
  for (const step of steps) {
    const dangling = allowed.includes(step.name) ? "allow" : "refuse";
    const problem = problemOf(step, { ...state, loaded }, { files, dangling });
    if (problem !== undefined) throw unsafe(step, problem);
    loaded = loadedAfter(step, loaded, files);
  }
}

/** The author of the plan allowed it, and its reader sees it. */
export function allowedToDangle({ notices }: Pick<Plan, "notices">): readonly string[] {
  return notices.filter(({ kind }) => kind === "dangling").map(({ name }) => name);
}

function problemOf(
  { action, name, buildId, source, dependencyCheck = "whole-chain", afterMs = 0 }: PlanStep,
  state: HostState,
  {
    files,
    dangling,
  }: { readonly files: readonly SyncFile[]; readonly dangling: "refuse" | "allow" },
): string | undefined {
  if (action === "upload") {
    const which = source === undefined ? "" : `, ${source},`;
    if (findFile(files, buildId) !== undefined) return undefined;
    return `the file of "${name}"${which} is missing, or is another payload now`;
  }
  const payload = state.loaded.find((one) => one.name === name);
  if (payload === undefined) return `"${name}" is not loaded when it comes to "${action}"`;
  const { facts, history } = payload;
  if (action === "unload") {
    const neededMs = leavingMsOf(payload, history);
    if (afterMs < neededMs)
      return `it unloads "${name}" ${afterMs} ms after a revert, and CPUs may be in its code for ${neededMs} ms`;
    return findBrokenBinding({ action, name, dependencyCheck, dangling }, state)?.problem;
  }
  if (dependencyCheck === "whole-chain" || mayIgnoreDependency(facts)) return undefined;
  return `it ignores the dependency of "${name}", which is not an independent payload with a full guard`;
}

function loadedAfter(
  { action, name, buildId }: PlanStep,
  loaded: readonly LoadedPayload[],
  files: readonly SyncFile[],
): readonly LoadedPayload[] {
  switch (action) {
    case "upload": {
      const facts = findFile(files, buildId)?.facts;
      if (facts === undefined) return loaded;
      return [...loaded, { name, facts, status: { kind: "checked" }, history: "never-reverted" }];
    }
    case "unload":
      return loaded.filter((one) => one.name !== name);
    case "apply":
      return loaded.map((one) => (one.name === name ? applied(one) : one));
    case "revert":
      return loaded.map((one) => (one.name === name ? reverted(one) : one));
    case "replace":
      return loaded.map((one) => {
        if (one.name === name) return applied(one);
        return settledState(one.status) === "applied" ? reverted(one) : one;
      });
  }
}

function applied(payload: LoadedPayload): LoadedPayload {
  return { ...payload, status: { kind: "applied" } };
}

function reverted(payload: LoadedPayload): LoadedPayload {
  return { ...payload, status: { kind: "checked" }, history: "reverted" };
}

function unsafe({ buildId }: PlanStep, problem: string): SyncError {
  return new SyncError({
    code: "sync/bad-plan",
    problem: `Cannot follow the plan: ${problem}`,
    ...(buildId === undefined ? {} : { expected: `the payload with build-id ${buildId}` }),
    remedy: "make a new plan",
  });
}
