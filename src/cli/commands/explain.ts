import { findClosest } from "../completion/closest-name.ts";
import { emit } from "../emit.ts";
import { errorExplanations } from "../error-codes.ts";
import { ExitCode } from "../exit-code.ts";
import type { TopCommand } from "../spec.ts";
import { renderFacts } from "../text/render-facts.ts";
import { UsageError } from "../usage-error.ts";

export const explainCommand: TopCommand = {
  name: "explain",
  description: [
    "Says what an error code means, and what to do: the code is in the JSON of an error (error.code). The same table is docs/errors.md. A rule of xsplice check is explained as well.",
    "Without CODE, all codes are listed.",
  ],
  arguments: [
    {
      name: "CODE",
      description: "such as host/refused, or a rule such as one-way",
      count: "optional",
    },
  ],
  options: [],
  examples: [
    { command: "xsplice explain host/refused", explains: "what that error means" },
    { command: "xsplice explain", explains: "all codes" },
  ],
  kind: "own",
  run: async (call) => {
    const [code] = call.args;
    const all = errorExplanations();
    if (code === undefined) {
      emit(call, "explain", { errors: all }, () =>
        all.map((one) => `${one.code}  ${one.what}\n`).join(""),
      );
      return ExitCode.success;
    }
    const found = all.find((one) => one.code === code);
    if (found !== undefined) {
      const { what, remedy } = found;
      const facts = renderFacts([
        ["what", what],
        ["remedy", remedy],
      ]);
      emit(call, "explain", found, () => `${code}\n\n${facts}`);
      return ExitCode.success;
    }
    const [{ isRuleId, ruleIds }, { describeRule }, { renderRule }] = await Promise.all([
      import("../../check/rules.ts"),
      import("../../check/describe-rule.ts"),
      import("../text/check-report.ts"),
    ]);
    if (!isRuleId(code)) throw unknown(code, [...all.map((one) => one.code), ...ruleIds]);
    const rule = describeRule(code);
    emit(call, "explain", rule, () => renderRule(rule));
    return ExitCode.success;
  },
};

function unknown(code: string, known: readonly string[]): UsageError {
  const closest = findClosest(code, known);
  return new UsageError({
    code: "usage/bad-value",
    problem: `Cannot explain "${code}": neither an error nor a rule has this code`,
    where: "CODE",
    remedy: `${closest === undefined ? "" : `did you mean "${closest}"? `}"xsplice explain" lists the codes of errors`,
  });
}
