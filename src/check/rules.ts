// All rules, by id. Ids are stable, because scripts allow rules by id.

import type { Rule } from "./rule.ts";
import { buildRules } from "./rules-build.ts";
import { functionRules } from "./rules-functions.ts";
import { hookRules } from "./rules-hooks.ts";
import { oldCodeRules } from "./rules-old-code.ts";
import { pointerRules } from "./rules-pointers.ts";
import { stackRules } from "./rules-stack.ts";
import { fileTrapRules } from "./rules-traps.ts";
import { standingRules } from "./standing/rules-standing.ts";

export const rules = {
  ...fileTrapRules,
  ...functionRules,
  ...hookRules,
  ...standingRules,
  ...pointerRules,
  ...oldCodeRules,
  ...stackRules,
  ...buildRules,
} as const satisfies Record<string, Rule>;

export type RuleId = keyof typeof rules;

export const ruleIds = Object.keys(rules) as readonly RuleId[];

export function isRuleId(text: string): text is RuleId {
  return Object.hasOwn(rules, text);
}
