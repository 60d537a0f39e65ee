// Converts a way to the steps of a plan: names instead of payloads, and the effect on each function.

import { type FunctionGroup, providerOf } from "./coverage.ts";
import type { Piece } from "./piece.ts";
import type { FunctionChange, PlanMoment, PlanStep } from "./plan-form.ts";
import type { Way } from "./way.ts";
import type { Step } from "./world.ts";

type Stack = readonly Piece[];

export function stepsOf({ steps, states }: Way, groups: readonly FunctionGroup[]): PlanStep[] {
  return steps.map((step, index) => {
    const before = states[index] ?? [];
    const after = states[index + 1] ?? [];
    const changes = changesBetween(before, after, groups);
    const touched = [...before, ...after].filter((piece) => !stays(piece, before, after));
    return {
      action: step.action,
      name: step.piece.name,
      buildId: step.piece.facts.buildId,
      ...detailsOf(step),
      functions: changes.filter(({ change }) => change !== "unchanged"),
      unknown: touched.flatMap(({ name, facts }) => (facts.functions === undefined ? name : [])),
    };
  });
}

export function wholeChange({ states }: Way, groups: readonly FunctionGroup[]): FunctionChange[] {
  return changesBetween(states[0] ?? [], states.at(-1) ?? [], groups);
}

export function missingIn({ missing }: Way): PlanMoment[] {
  return missing.map(({ fix, from, to, meanwhile }) => {
    return { fix, fromStep: from, toStep: to, meanwhile };
  });
}

function detailsOf(step: Step): Pick<PlanStep, "source" | "dependencyCheck" | "afterMs"> {
  if (step.action === "apply") return { dependencyCheck: step.dependencyCheck };
  if (step.action === "unload") return step.afterMs > 0 ? { afterMs: step.afterMs } : {};
  const source = step.piece.file?.source;
  return step.action === "upload" && source !== undefined ? { source } : {};
}

/** By the name of the function. */
function changesBetween(
  before: Stack,
  after: Stack,
  groups: readonly FunctionGroup[],
): FunctionChange[] {
  const changes = groups.flatMap((group) => {
    const old = providerOf(group, before);
    const now = providerOf(group, after);
    if (old === undefined && now === undefined) return [];
    const change = changeOf(old, now, before);
    return group.names.map((name) => ({ function: name, change, by: now?.name }));
  });
  return changes.sort((one, other) => (one.function < other.function ? -1 : 1));
}

function changeOf(
  old: Piece | undefined,
  now: Piece | undefined,
  before: Stack,
): FunctionChange["change"] {
  if (old === undefined) return "newly-patched";
  if (now === old) return "unchanged";
  // The version under it is in force again.
  return now === undefined || before.includes(now) ? "reverted" : "patched-again";
}

function stays(piece: Piece, before: Stack, after: Stack): boolean {
  return before.includes(piece) && after.includes(piece);
}
