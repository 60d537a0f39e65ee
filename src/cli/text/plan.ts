// A plan as text, and the reasons if there is none.

import { formatReport } from "../../error.ts";
import type { HostState } from "../../plan/host-state.ts";
import type { Obstacle } from "../../plan/obstacle.ts";
import type { FunctionChange, Plan, PlanMoment, PlanStep } from "../../plan/plan-form.ts";
import { onOneLine } from "./visible.ts";

/** The most names in one line; --json has all. */
const NAMES_MAX = 6;

export function renderPlan(made: Plan, state: HostState): string {
  const [plan, stack] = [onOneLine(made), onOneLine(state.stack)];
  const now = stack.names.length === 0 ? "nothing" : stack.names.join(", ");
  const order = stack.kind === "unknown" ? " (in an order that is not known)" : "";
  const lines = [`applied now:  ${now}${order}`];
  const notices = plan.notices.map(({ words }) => `Note: ${words}.`);
  if (plan.steps.length === 0) return `${[...lines, "Nothing to do.", ...notices].join("\n")}\n`;
  const width = String(plan.steps.length).length;
  lines.push("", `Steps, with ${countOf(plan.quiesces, "rendezvous", "rendezvous")} of all CPUs:`);
  for (const [index, step] of plan.steps.entries()) {
    const number = String(index + 1).padStart(width);
    lines.push(`  ${number}  ${step.action.padEnd(7)}  ${step.name}${detailsOf(step)}`);
    const indent = " ".repeat(width + 13);
    lines.push(...functionLines(step).map((line) => `${indent}${line}`));
  }
  lines.push("", ...momentLines(plan));
  lines.push(...notices);
  const unchanged = plan.functions.filter(({ change }) => change === "unchanged");
  if (unchanged.length > 0) lines.push(`Unchanged: ${namesOf(unchanged)}.`);
  const gone = plan.functions.filter(({ change, by }) => change === "reverted" && by === undefined);
  if (gone.length > 0) lines.push(`Not patched any more: ${namesOf(gone)}.`);
  lines.push(`applied then: ${plan.stack.length === 0 ? "nothing" : plan.stack.join(", ")}`);
  return `${lines.join("\n")}\n`;
}

/** Formatted like errors; but the lack of a plan is not a failure of the command. */
export function renderRefusal(obstacles: readonly Obstacle[]): string {
  const parts = obstacles.map((obstacle) => formatReport(obstacle));
  const heading = `There is no way, for ${countOf(obstacles.length, "reason", "reasons")}:`;
  return `${[heading, ...parts].join("\n\n")}\n`;
}

function detailsOf({ action, source, dependencyCheck, afterMs }: PlanStep): string {
  if (afterMs !== undefined) return `, after ${afterMs} ms, for CPUs to leave its code`;
  if (source !== undefined) return `, from ${source}`;
  if (action === "replace") return ", in place of all that is applied";
  return dependencyCheck === "hypervisor-only" ? ", on whatever is applied (--nodeps)" : "";
}

function functionLines({ functions, unknown }: PlanStep): readonly string[] {
  const labels = ["newly patched", "patched again", "reverted", "reverted to an earlier fix"];
  const lines = labels.flatMap((label) => {
    const changes = functions.filter((change) => labelOf(change) === label);
    return changes.length === 0 ? [] : [`${label}: ${namesOf(changes)}`];
  });
  return [...lines, ...unknown.map((name) => `not known what ${name} changes`)];
}

function labelOf({ change, by }: FunctionChange): string {
  if (change === "reverted" && by !== undefined) return "reverted to an earlier fix";
  return change.replace("-", " ");
}

function momentLines({ missing, whyMissing }: Plan): readonly string[] {
  if (missing.length === 0) {
    return ["No fix that is there before and afterwards is missing at any moment."];
  }
  const groups = new Map<string, PlanMoment[]>();
  for (const moment of missing) {
    const key = `between steps ${moment.fromStep} and ${moment.toStep}`;
    groups.set(key, [...(groups.get(key) ?? []), moment]);
  }
  const lines = [...groups].map(([when, moments]) => {
    const names = moments.map(({ fix }) =>
      fix.kind === "payload" ? `all of ${fix.name}` : fix.name,
    );
    return `  ${when}: ${shortened(names)}`;
  });
  const why = whyMissing.map((reason) => `  because: ${reason}`);
  return ["WARNING: fixes are missing for a moment", ...lines, ...why];
}

function namesOf(changes: readonly FunctionChange[]): string {
  return shortened(changes.map((change) => change.function));
}

function shortened(names: readonly string[]): string {
  const rest = names.length - NAMES_MAX;
  if (rest <= 1) return names.join(", ");
  return `${names.slice(0, NAMES_MAX).join(", ")} and ${rest} more`;
}

function countOf(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
