// What the model says is deadly, tried: each in a lab of its own.

import type { XenModel } from "../../src/xen-model/model.ts";
import type { TrapId } from "../../src/xen-model/traps.ts";
import type { Case } from "./differential-cases.ts";
import { modelStep } from "./differential-script.ts";
import type { Twins } from "./differential-twins.ts";

export interface Death {
  readonly release: string;
  readonly trap: TrapId;
  /** What the model says happens. */
  readonly words: string;
  readonly id: string;
  readonly seen: "crashed" | "survived" | "refused";
}

/** At most `each` of one trap at one step. */
export async function tryDeaths(
  twins: Twins,
  cases: readonly Case[],
  each: number,
  report: (death: Death) => void,
): Promise<void> {
  const tried = new Map<string, number>();
  for (const item of cases) {
    const end = deathOf(twins.boot(item.hookResult), item);
    if (end === undefined) continue;
    const { trap, step, words, steps } = end;
    const key = `${trap} ${step}`;
    const count = tried.get(key) ?? 0;
    if (count >= each) continue;
    tried.set(key, count + 1);
    const seen = await twins.playDeadly(item.steps.slice(0, steps));
    report({ release: twins.release, trap, words: `${step}: ${words}`, id: item.id, seen });
  }
}

function deathOf(
  model: XenModel,
  { steps }: Case,
): { trap: TrapId; step: string; words: string; steps: number } | undefined {
  for (const [index, step] of steps.entries()) {
    const answer = modelStep(model, step);
    if (answer.kind !== "crash") continue;
    return { trap: answer.trap, step: answer.step, words: answer.words, steps: index + 1 };
  }
  return undefined;
}
