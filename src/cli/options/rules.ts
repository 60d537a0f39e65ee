// Names of rules of `check` on a command line.

import type { RuleId } from "../../check/rules.ts";
import { findClosest } from "../completion/closest-name.ts";
import { UsageError } from "../usage-error.ts";

/** @throws UsageError for a name that no rule has */
export async function requireRules(
  option: string,
  texts: readonly string[],
): Promise<readonly RuleId[]> {
  const { isRuleId, ruleIds } = await import("../../check/rules.ts");
  return texts.map((text) => {
    if (isRuleId(text)) return text;
    const closest = findClosest(text, ruleIds);
    throw new UsageError({
      code: "usage/bad-value",
      problem: `Cannot use "${text}": there is no such rule`,
      where: option,
      expected: `one of ${ruleIds.join(", ")}`,
      ...(closest === undefined ? {} : { remedy: `did you mean "${closest}"?` }),
    });
  });
}
