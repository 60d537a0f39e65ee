// Checks payloads before they are loaded: what Xen would answer to a stack of payloads, and what it
// would not check.

export {
  type CheckedPayload,
  type CheckOutcome,
  type CheckReport,
  type CheckRequest,
  checkPayloads,
} from "./check.ts";
export { describeReleases } from "./describe-releases.ts";
export { describeRule, type RuleDescription } from "./describe-rule.ts";
export type { EffectKind, FunctionEffect } from "./effect.ts";
export type { Hazard } from "./hazard.ts";
export type { Finding, Rule, Severity } from "./rule.ts";
export { isRuleId, type RuleId, ruleIds, rules } from "./rules.ts";
export type { StepAction } from "./step.ts";
export type { PayloadToCheck } from "./subject.ts";
export type { Stage, Verdict } from "./verdict.ts";
