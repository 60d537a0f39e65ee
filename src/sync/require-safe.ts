// What must hold of a plan before its first step, whoever made it: a plan from a file may have been
// written by anybody.

import { mayIgnoreDependency } from "../payload/stacking.ts";
import type { HostState } from "../plan/host-state.ts";
import type { Plan, PlanStep } from "../plan/plan-form.ts";
import { SyncError } from "./errors.ts";
import { findFile, type SyncFile } from "./sync-file.ts";

/** @throws SyncError sync/bad-plan */
export function requireSafe({ steps }: Plan, state: HostState, files: readonly SyncFile[]): void {
  for (const step of steps) {
    const problem = problemOf(step, state, files);
    if (problem === undefined) continue;
    const { buildId } = step;
    throw new SyncError({
      code: "sync/bad-plan",
      problem: `Cannot follow the plan: ${problem}`,
      ...(buildId === undefined ? {} : { expected: `the payload with build-id ${buildId}` }),
      remedy: "make a new plan",
    });
  }
}

function problemOf(
  { action, name, buildId, source, dependencyCheck }: PlanStep,
  state: HostState,
  files: readonly SyncFile[],
): string | undefined {
  const file = findFile(files, buildId);
  if (action === "upload" && file === undefined) {
    const which = source === undefined ? "" : `, ${source},`;
    return `the file of "${name}"${which} is not at hand, or is another payload now`;
  }
  if (dependencyCheck !== "hypervisor-only") return undefined;
  const facts = file?.facts ?? state.loaded.find((one) => one.name === name)?.facts;
  if (facts !== undefined && mayIgnoreDependency(facts)) return undefined;
  return `it ignores what "${name}" depends on, which is no independent payload with a full guard`;
}
