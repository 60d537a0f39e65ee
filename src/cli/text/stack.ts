// The stack of a host as text: as a list, or as a tree.

import { unreachable } from "../../invariant.ts";
import type { StackEvidence } from "../../plan/host-state.ts";
import type { AppliedView, FunctionView, StackView } from "../../plan/stack-view.ts";
import { onOneLine } from "./visible.ts";

/** @param continues a command that completes an interrupted sync */
export function renderStack(told: StackView, continues?: string): string {
  const view = onOneLine(told);
  const { applied } = view;
  const lines =
    applied.length === 0
      ? ["nothing is applied"]
      : applied
          .toReversed()
          .flatMap((payload) => [
            `${numberOf(payload, view)}  ${headOf(payload)}`,
            ...functionsOf(payload).map((line) => `      ${line}`),
          ]);
  const ground = `   hypervisor ${view.xenBuildId ?? "without a build-id"}`;
  return `${[...lines, ground, "", ...notesOf(view, continues)].join("\n")}\n`;
}

/** Each payload below the one that it was built on; the number shows the order of application. */
export function renderStackTree(told: StackView, continues?: string): string {
  const view = onOneLine(told);
  const lines = [`hypervisor ${view.xenBuildId ?? "without a build-id"}`];
  const draw = (on: string | undefined, indent: string): void => {
    const branches = view.applied.filter((payload) => payload.on === on);
    for (const [index, payload] of branches.entries()) {
      const isLast = index === branches.length - 1;
      const below = `${indent}${isLast ? "   " : "│  "}`;
      const carriesMore = view.applied.some((other) => other.on === payload.name);
      lines.push(`${indent}${isLast ? "└─" : "├─"} ${numberOf(payload, view)} ${headOf(payload)}`);
      const bar = carriesMore ? "│    " : "     ";
      lines.push(...functionsOf(payload).map((line) => `${below}${bar}${line}`));
      draw(payload.name, below);
    }
  };
  draw(undefined, "");
  return `${[...lines, "", ...notesOf(view, continues)].join("\n")}\n`;
}

function notesOf(view: StackView, continues: string | undefined): readonly string[] {
  return [...footer(view), ...rebooted(view), ...unfinished(view, continues)];
}

/** Its place in the stack, 1 at the bottom. */
function numberOf(payload: AppliedView, { applied, order }: StackView): string {
  const width = String(applied.length).length;
  const text = order.kind === "known" ? String(applied.indexOf(payload) + 1) : "?";
  return text.padStart(width);
}

function headOf({ name, mode, guard, on, buildId }: AppliedView): string {
  const kind = mode ?? "not made by xSplice";
  const guarded = guard === undefined ? "" : `, guard ${guard}`;
  const below = on === undefined ? "" : `, on ${on}`;
  const id = buildId === undefined ? "" : `  ${buildId.slice(0, 12)}`;
  return `${name}  (${kind}${guarded}${below})${id}`;
}

function functionsOf({ functions }: AppliedView): readonly string[] {
  if (functions === undefined)
    return ["what it replaces is not known; give its file with --payload"];
  if (functions.length === 0) return ["replaces no function"];
  return functions.map(functionLine);
}

function functionLine({ name, overlappedBy, lostTo }: FunctionView): string {
  if (overlappedBy.length === 0) return name;
  const lost =
    lostTo.length === 0 ? "" : `; not in force: ${lostTo.join(", ")} does not include it`;
  return `${name}  <- replaced again by ${overlappedBy.join(", ")}${lost}`;
}

function footer({ applied, order, idle }: StackView): readonly string[] {
  const loaded = idle.length === 0 ? [] : [`loaded, not applied: ${idle.join(", ")}`];
  if (order.kind === "known") {
    return applied.length < 2 ? loaded : [...loaded, `order known from ${words(order.evidence)}`];
  }
  const pairs = order.known.map(([below, above]) => `  known: ${above} is above ${below}`);
  const reasons = order.reasons.map((reason) => `  because ${reason}`);
  return [...loaded, "the order of application is not known", ...reasons, ...pairs];
}

function unfinished({ interruptedGoal: goal }: StackView, continues = ""): readonly string[] {
  if (goal === undefined) return [];
  const wanted = goal.length === 0 ? "nothing" : goal.join(", ");
  return [
    `a sync was not finished; applied at its end: ${wanted}`,
    "  to continue, unless it is still running: the same sync again, or with these payloads' files",
    `  ${continues}`,
  ];
}

function rebooted({ lostInReboot = [] }: StackView): readonly string[] {
  if (lostInReboot.length === 0) return [];
  return [
    `before the last reboot, xSplice had applied: ${lostInReboot.join(", ")}`,
    "  a reboot takes all payloads: to apply them again, xsplice sync with their files",
  ];
}

function words(evidence: StackEvidence): string {
  switch (evidence) {
    case "no-choice":
      return "there being no other";
    case "journal":
      return "xSplice's journal on that host";
    case "dependencies":
      return "what the payloads depend on, unless one was applied with --nodeps";
    case "host":
      return "the host itself";
    default:
      return unreachable(evidence);
  }
}
