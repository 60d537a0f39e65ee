// The hazards that the rules find in one step, for the checked release.

import type { Release } from "../xen-abi/release.ts";
import { describeReleases, NO_RELEASES } from "./describe-releases.ts";
import type { Finding, Rule, Severity } from "./rule.ts";
import { type RuleId, ruleIds, rules } from "./rules.ts";
import type { CheckedStep } from "./step.ts";

export interface Hazard {
  readonly rule: RuleId;
  readonly severity: Severity;
  readonly problem: string;
  readonly where: string;
  /** Releases that the rule concerns; left out when it is all of them. */
  readonly releases?: string;
  /** The checked release is one of them. */
  readonly isHere: boolean;
  /** The caller accepts it; a crash of this hypervisor can never be accepted. */
  readonly isAllowed: boolean;
}

export function findHazards(step: CheckedStep, allowed: readonly RuleId[]): readonly Hazard[] {
  return ruleIds.flatMap((id) => {
    const rule: Rule = rules[id];
    const isHere = rule.concerns?.(step.hypervisor.release, step.hypervisor.architecture) ?? true;
    const mayTell = isHere || rule.reach === "any-host";
    const all = rule.check(step).filter(({ severity }) => mayTell || severity === "crash");
    const found = shortened(all, step);
    // The usual case; rules that concern some releases name them.
    if (found.length === 0) return [];
    const releases = releasesOf(rule, step);
    if (!isHere && releases === NO_RELEASES) return [];
    return found.map((finding): Hazard => {
      const severity = severityOf(rule, finding, isHere);
      return {
        rule: id,
        severity,
        problem: finding.problem,
        where: finding.where,
        ...(releases === undefined ? {} : { releases }),
        isHere,
        isAllowed: severity !== "crash" && allowed.includes(id),
      };
    });
  });
}

/** Limit for one rule and payload: a thousand equal messages help nobody. */
const FINDINGS_MAX = 50;

function shortened(findings: readonly Finding[], { subject }: CheckedStep): readonly Finding[] {
  if (findings.length <= FINDINGS_MAX) return findings;
  const problem = `and the same in ${findings.length - FINDINGS_MAX} more places`;
  return [...findings.slice(0, FINDINGS_MAX), { problem, where: subject.source }];
}

function severityOf(rule: Rule, { severity }: Finding, isHere: boolean): Severity {
  // The model crashed here.
  if (severity === "crash") return "crash";
  return isHere ? (severity ?? rule.severity) : "note";
}

function releasesOf({ concerns }: Rule, { hypervisor }: CheckedStep): string | undefined {
  if (concerns === undefined) return undefined;
  const { architecture } = hypervisor;
  return describeReleases((release: Release) => concerns(release, architecture), architecture);
}
