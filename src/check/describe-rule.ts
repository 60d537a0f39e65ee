// A rule in words, for `--explain` and docs/check.md.

import { describeReleases } from "./describe-releases.ts";
import type { Rule, Severity } from "./rule.ts";
import { type RuleId, rules } from "./rules.ts";

export interface RuleDescription {
  readonly id: RuleId;
  readonly title: string;
  readonly severity: Severity;
  readonly what: string;
  readonly why: string;
  readonly remedy: string;
  /** On x86-64, and on AArch64. */
  readonly releases: { readonly x86_64: string; readonly aarch64: string };
}

export function describeRule(id: RuleId): RuleDescription {
  const { title, severity, what, why, remedy, concerns = () => true }: Rule = rules[id];
  const on = (architecture: "x86_64" | "aarch64") =>
    describeReleases((release) => concerns(release, architecture), architecture);
  const releases = { x86_64: on("x86_64"), aarch64: on("aarch64") };
  return { id, title, severity, what, why, remedy, releases };
}
