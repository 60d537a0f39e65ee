// The report of a check as text: for each payload Xen's answer, the hazards, and the changes; a summary
// in the last line.

import type { CheckedPayload, CheckReport } from "../../check/check.ts";
import type { RuleDescription } from "../../check/describe-rule.ts";
import type { FunctionEffect } from "../../check/effect.ts";
import type { Hazard } from "../../check/hazard.ts";
import type { Verdict } from "../../check/verdict.ts";
import { renderFacts } from "./render-facts.ts";

export function renderCheck(report: CheckReport): string {
  const { source, release, toldRelease, buildId } = report.hypervisor;
  const other = toldRelease === undefined ? "" : ` (by --release; the file says ${toldRelease})`;
  const head = `Xen ${release}${other} of ${source}${buildId === undefined ? "" : `, build-id ${buildId}`}`;
  const parts = report.payloads.map((payload, index) => renderPayload(payload, index + 1));
  const unchecked = report.unchecked.map((words) => `unchecked: ${words}`);
  return `${[head, ...parts, ...unchecked, lastWord(report)].join("\n\n")}\n`;
}

export function renderRule(rule: RuleDescription): string {
  const { id, title, severity, what, why, remedy, releases } = rule;
  return `${id}: ${title}\n\n${renderFacts([
    ["what", what],
    ["why", why],
    ["remedy", remedy],
    ["severity", severity],
    ["releases", releases],
  ])}`;
}

function renderPayload(payload: CheckedPayload, number: number): string {
  const { name, source, action, verdict, assumptions, hazards, effects } = payload;
  return [
    `${number}. ${action} "${name}" (${source}): ${headline(verdict)}`,
    ...verdictLines(verdict),
    ...assumptions.map(({ words }) => fact("assumed:", words)),
    ...effects.flatMap(renderEffect),
    ...hazards.flatMap(renderHazard),
  ].join("\n");
}

function headline(verdict: Verdict): string {
  switch (verdict.kind) {
    case "accepted":
      return "accepted";
    case "refused":
      return `refused at ${verdict.at} with ${verdict.errnoName ?? "error"} (${verdict.errno})`;
    case "crash":
      return `the hypervisor crashes at ${verdict.at}`;
  }
}

function verdictLines(verdict: Verdict): readonly string[] {
  if (verdict.kind === "accepted") return [];
  const { words, where, step } = verdict;
  const console = verdict.kind === "refused" ? verdict.console : [];
  return [
    fact("because:", words),
    fact("where:", where),
    fact("step:", step),
    ...console.map((line, index) => fact(index === 0 ? "console:" : "", line)),
  ];
}

function fact(label: string, text: string): string {
  return `   ${label.padEnd(9)} ${text}`;
}

const effectNames = {
  "newly-patched": "newly patched",
  "patched-again": "patched again",
  reverted: "reverted",
  unchanged: "unchanged",
  "by-hook": "patched by a hook, so not known here",
} as const;

function renderEffect({ name, address, effect, before, after }: FunctionEffect): string[] {
  const place = address === undefined ? "" : ` at ${address}`;
  const lines = [`   ${effectNames[effect]}: ${name}${place}`];
  if (effect === "unchanged") return lines;
  return [...lines, `     before ${before ?? "unknown"}`, `     after  ${after ?? "unknown"}`];
}

function renderHazard(hazard: Hazard): string[] {
  const { rule, severity, problem, where, releases, isHere, isAllowed } = hazard;
  const accepted = isAllowed ? " (allowed)" : "";
  const lines = [`   ${severity} ${rule}${accepted}: ${problem}`, `     where: ${where}`];
  if (releases !== undefined) {
    lines.push(`     ${isHere ? "on" : "not on this release, but on"}: ${releases}`);
  }
  return lines;
}

function lastWord({ outcome, payloads, allowed }: CheckReport): string {
  const all = payloads.flatMap(({ hazards }) => hazards);
  const counted = all.filter(({ severity, isAllowed }) => severity !== "note" && !isAllowed);
  const accepted = allowed.length === 0 ? "" : `; allowed: ${allowed.join(", ")}`;
  const told = `${counted.length} hazard${counted.length === 1 ? "" : "s"}`;
  const more = counted.length === 0 ? "" : " (xsplice check --explain RULE-ID explains one)";
  switch (outcome) {
    case "clean":
      return `Clean: Xen accepts ${payloads.length === 1 ? "it" : "all of them"}, and no rule objects${accepted}`;
    case "refused":
      return `Refused, and ${told}${more}${accepted}`;
    case "hazards":
      if (payloads.some(({ verdict }) => verdict.kind === "crash")) {
        return `The hypervisor crashes; ${told}${more}${accepted}`;
      }
      return `Xen does not refuse, and there ${counted.length === 1 ? "is" : "are"} ${told}${more}${accepted}`;
  }
}
