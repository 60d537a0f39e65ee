// Plays cases on one hypervisor and counts; what disagrees is told at once, with the command that
// plays it again.

import type { Case } from "./differential-cases.ts";
import type { Outcome } from "./differential-script.ts";
import type { Twins } from "./differential-twins.ts";

export interface Counts {
  cases: number;
  agree: number;
  disagree: number;
  /** Not played beside the others: the model says that the real one would die. */
  deadly: number;
  notJudged: number;
  /** Actions repeated after a missed rendezvous. */
  retries: number;
}

export interface Finding {
  readonly release: string;
  readonly id: string;
  readonly what: string;
  readonly outcome: Extract<Outcome, { kind: "disagree" }>;
}

export async function playCases(
  twins: Twins,
  cases: Iterable<Case>,
  report: (finding: Finding) => void,
): Promise<Counts> {
  const counts = { cases: 0, agree: 0, disagree: 0, deadly: 0, notJudged: 0, retries: 0 };
  for (const { id, what, steps, hookResult } of cases) {
    const outcome = await twins.play(steps, hookResult === undefined ? {} : { hookResult });
    if (outcome.kind === "agree" || outcome.kind === "disagree") counts.cases++;
    if (outcome.kind === "not-judged") counts.notJudged++;
    else counts[outcome.kind]++;
    if (outcome.kind === "disagree") report({ release: twins.release, id, what, outcome });
  }
  return { ...counts, retries: twins.retries };
}

export function describeFinding({ release, id, what, outcome }: Finding): string {
  return [
    `Xen ${release} and its model disagree at ${outcome.step}`,
    `  model: ${outcome.model}`,
    `  real:  ${outcome.real}`,
    `  case:  ${what}`,
    `  again: npm run test:differential -- --xen ${release} --case '${id}'`,
  ].join("\n");
}
