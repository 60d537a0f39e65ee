// The rule of a trap: the model crashes, or the file has a pattern.

import { type TrapId, traps } from "../xen-model/traps.ts";
import type { Finding, Rule } from "./rule.ts";
import { type CheckedStep, crashOf, placeInFile } from "./step.ts";

interface TrapWords extends Pick<Rule, "what" | "why" | "remedy" | "concerns" | "reach"> {
  /** Reports hazards only: if the model did not crash, it is not a crash of this hypervisor. */
  readonly pattern?: (step: CheckedStep) => readonly Finding[];
}

export function trapRule(trap: TrapId, { pattern, ...words }: TrapWords): Rule {
  return {
    ...words,
    title: traps[trap],
    severity: pattern === undefined ? "crash" : "hazard",
    check: (step) => {
      const death = crashOf(step);
      if (death?.trap !== trap) return pattern?.(step) ?? [];
      const where = placeInFile(step.subject.source, death.place);
      return [{ problem: `${traps[trap]}: ${death.words}`, where, severity: "crash" }];
    },
  };
}
