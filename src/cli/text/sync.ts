// A sync as text: each step when it is taken, and the result.

import { formatReport } from "../../error.ts";
import { quoteWord } from "../../quote-word.ts";
import type { SyncReport } from "../../sync/report.ts";
import type { StepEvent } from "../../sync/take-steps.ts";
import type { OptionSpec } from "../option-spec.ts";
import type { CommandCall } from "../spec.ts";

export function renderStep({ phase, number, count, step, direction }: StepEvent): string {
  if (phase === "done") return "";
  const way = direction === "forward" ? "step" : "way back, step";
  return `${way} ${number} of ${count}: ${step.action} ${step.name}\n`;
}

export function renderSync(report: SyncReport, continues: string): string {
  const { outcome, plan, done, failure, notes, missing } = report;
  const noted = notes.map((note) => `Note: ${note}.`);
  const lines = failure === undefined ? noted : [formatReport(failure), ...noted];
  const gaps = missing.map(({ fix }) => (fix.kind === "payload" ? `all of ${fix.name}` : fix.name));
  if (gaps.length > 0) lines.push(`WARNING: fixes are missing now: ${gaps.join(", ")}`);
  switch (outcome) {
    case "done":
      if (plan.steps.length > 0) lines.push("Done.");
      break;
    case "stopped":
      lines.push(`Stopped after ${done.length} of ${plan.steps.length} steps.`);
      lines.push(...stateLines(report), `To go on: ${continues}`);
      break;
    case "returned":
      lines.push("The host is as it was.", ...stateLines(report));
      break;
    case "astray":
      lines.push(`Stopped after ${done.length} of ${plan.steps.length} steps: the host is neither`);
      lines.push("as it was nor as it should be.");
      lines.push(...stateLines(report), `To go on: ${continues}`);
  }
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

function stateLines({ stack, loaded }: SyncReport): readonly string[] {
  if (stack === undefined || loaded === undefined) {
    return ["What the host runs is not known: it does not answer."];
  }
  const idle = loaded.filter((name) => !stack.names.includes(name));
  const order = stack.kind === "unknown" ? " (in an order that is not known)" : "";
  return [
    `applied now: ${listOf(stack.names)}${order}`,
    ...(idle.length === 0 ? [] : [`loaded only: ${listOf(idle)}`]),
  ];
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? "nothing" : names.join(", ");
}

/**
 * For a user who finds an incomplete sync without its command: the journal has only names, so the files
 * are named after them.
 */
export function commandForGoal(goal: readonly string[], host: string): string {
  const words = ["xsplice", ...(host === "local" ? [] : ["--host", host]), "sync"];
  if (goal.length === 0) words.push("--to-nothing");
  for (const name of goal) words.push("--to", `./${name}.livepatch`);
  return words.map(quoteWord).join(" ");
}

/** A plan is valid for one state of the host, so continuing needs a new plan. */
export function commandThatContinues(
  { options, globals }: CommandCall,
  wish: readonly OptionSpec[],
): string {
  const planPath = options.text("plan");
  const words = ["xsplice"];
  if (globals.host !== "local") words.push("--host", globals.host);
  if (planPath !== undefined) {
    return `${[...words, "plan"].map(quoteWord).join(" ")} … with what ${planPath} was made from, then sync`;
  }
  words.push("sync");
  for (const { name } of wish) {
    if (options.has(name)) words.push(`--${name}`);
    for (const value of options.texts(name)) words.push(`--${name}`, value);
  }
  return words.map(quoteWord).join(" ");
}
