// What the rules have to say to one step, for the release in question.

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
  /** The release in question is one of them. */
  readonly isHere: boolean;
  /** The caller accepts it; a crash of this hypervisor nobody can. */
  readonly isAllowed: boolean;
}

export function findHazards(step: CheckedStep, allowed: readonly RuleId[]): readonly Hazard[] {
  return ruleIds.flatMap((id) => {
    const rule: Rule = rules[id];
    const isHere = rule.concerns?.(step.hypervisor.release, step.hypervisor.architecture) ?? true;
    const mayTell = isHere || rule.reach === "any-host";
    const all = rule.check(step).filter(({ severity }) => mayTell || severity === "crash");
    const found = shortened(all, step);
    // Nearly always; which releases are meant is told by those who have something to tell.
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

/** Of one rule and payload; what says the same a thousand times over says nothing. */
const FINDINGS_MAX = 50;

function shortened(findings: readonly Finding[], { subject }: CheckedStep): readonly Finding[] {
  if (findings.length <= FINDINGS_MAX) return findings;
  const problem = `and the same in ${findings.length - FINDINGS_MAX} more places`;
  return [...findings.slice(0, FINDINGS_MAX), { problem, where: subject.source }];
}

function severityOf(rule: Rule, { severity }: Finding, isHere: boolean): Severity {
  // What the model died of it died of here.
  if (severity === "crash") return "crash";
  return isHere ? (severity ?? rule.severity) : "note";
}

function releasesOf({ concerns }: Rule, { hypervisor }: CheckedStep): string | undefined {
  if (concerns === undefined) return undefined;
  const { architecture } = hypervisor;
  return describeReleases((release: Release) => concerns(release, architecture), architecture);
}
