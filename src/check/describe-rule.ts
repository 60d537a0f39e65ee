// A rule as text, for `--explain` and docs/check.md.

import type { Architecture } from "../isa/architecture.ts";
import { traps } from "../xen-model/traps.ts";
import { describeReleases } from "./describe-releases.ts";
import type { Rule, Severity } from "./rule.ts";
import { type RuleId, rules } from "./rules.ts";

export interface RuleDescription {
  readonly id: RuleId;
  readonly title: string;
  /** For a trap that the file also shows, `crash or hazard`. */
  readonly severity: Severity | "crash or hazard";
  readonly what: string;
  readonly why: string;
  readonly remedy: string;
  /** On x86-64; AArch64 is added where it differs. */
  readonly releases: string;
}

export function describeRule(id: RuleId): RuleDescription {
  const { title, severity, what, why, remedy, concerns = () => true }: Rule = rules[id];
  const on = (architecture: Architecture, lines: Architecture) =>
    describeReleases((release) => concerns(release, architecture), lines);
  // AArch64 has had a payload loader only since 4.8; that is not a difference of the rule.
  const isSame = on("x86_64", "aarch64") === on("aarch64", "aarch64");
  const x86 = on("x86_64", "x86_64");
  return {
    id,
    title,
    what,
    why,
    remedy,
    severity: id in traps && severity !== "crash" ? "crash or hazard" : severity,
    releases: isSame ? x86 : `${x86}; AArch64: ${on("aarch64", "aarch64")}`,
  };
}
