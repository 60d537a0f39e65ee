// Planning guards and emitting, where what only another fix can avoid is a refusal.

import type { BuildRefusal } from "../../build-outcome/refusal.ts";
import type { ErrorReport } from "../../error.ts";
import { GuardError } from "../../guard/errors.ts";
import type { GuardPlan } from "../../guard/plan.ts";
import { type EmittedPayload, emitPayload } from "../../payload/emit/emit.ts";
import { EmitError, type EmitInput } from "../../payload/emit/input.ts";
import { type GuardSubjects, type GuardTarget, planGuards } from "../../stacking/guards.ts";

export function guardsOf(subjects: GuardSubjects, target: GuardTarget): GuardPlan | BuildRefusal {
  try {
    return planGuards(subjects, target);
  } catch (error) {
    if (error instanceof GuardError) return refusalOf("guard-too-large", error.report);
    throw error;
  }
}

export function tryEmit(input: EmitInput): EmittedPayload | BuildRefusal {
  try {
    return emitPayload(input);
  } catch (error) {
    if (!(error instanceof EmitError)) throw error;
    // Refusals that the author can only avoid by changing the fix, not by an option.
    const rules: readonly string[] = ["emit/too-large", "emit/short-branch", "emit/unsupported"];
    const { code } = error.report;
    if (!rules.includes(code)) throw error;
    return refusalOf(code.slice("emit/".length), error.report);
  }
}

function refusalOf(
  rule: string,
  { problem, where, expected, remedy }: ErrorReport<string>,
): BuildRefusal {
  const reasons = [problem, ...(expected === undefined ? [] : [`expected: ${expected}`])];
  return { rule, what: "payload", where: where ?? "the payload as a whole", reasons, remedy };
}
