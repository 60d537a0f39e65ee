// One simulation: a storm of mishaps, in which the same sync is begun again and again, then quiet, in
// which it must come to its end. All of it follows from the seed.

import assert from "node:assert/strict";
import { numbersFrom } from "../plan-universe.ts";
import { type Attempt, attemptSync, type Command } from "./attempt.ts";
import { checkAttempt } from "./judge.ts";
import { checkEnd, hasEnded } from "./judge-end.ts";
import { type Dice, Luck, randomRates } from "./luck.ts";
import { followAdvice } from "./operator.ts";
import { makeScenario, type Scenario } from "./scenario.ts";
import { describeWish } from "./story.ts";
import { strangerActs } from "./stranger.ts";

const ATTEMPTS_IN_STORM_MAX = 4;
/** The same command, and what its refusals advise. */
const ATTEMPTS_IN_QUIET_MAX = 10;

export interface Simulation {
  readonly attempts: readonly Attempt[];
  /** How often which mishap happened. */
  readonly mishaps: ReadonlyMap<string, number>;
  /** All that happened, line by line. */
  readonly story: readonly string[];
}

/** @throws AssertionError, with the seed and all that happened, when sync breaks a promise */
export async function simulate(seed: number): Promise<Simulation> {
  const below = numbersFrom(seed);
  const scenario = await makeScenario(below);
  try {
    return await play(scenario, below);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const again = `seed ${seed}; again: npm run simulate -- --seed ${seed}`;
    error.message = [error.message, again, ...scenario.machine.story].join("\n");
    throw error;
  }
}

async function play(scenario: Scenario, below: Dice): Promise<Simulation> {
  const { machine, family, command } = scenario;
  machine.story.push(`wanted: ${describeWish(command.wish)}`);
  const former = machine.model.applied;
  const mishaps = new Map<string, number>();
  const luck = new Luck(below, randomRates(below), (what) => {
    mishaps.set(what, (mishaps.get(what) ?? 0) + 1);
    machine.story.push(what);
  });
  const attempts: Attempt[] = [];
  for (let left = below(ATTEMPTS_IN_STORM_MAX); left >= 0; left--) {
    const attempt = await attemptSync(machine, family, command, luck);
    attempts.push(attempt);
    checkAttempt(attempt, machine);
    if (below(6) === 0) await strangerActs(machine, family.payloads, below);
    if (below(12) === 0) machine.reboot();
  }
  attempts.push(...(await playInQuiet(scenario, below)));
  checkEnd(scenario, attempts, former);
  return { attempts, mishaps, story: machine.story };
}

async function playInQuiet(scenario: Scenario, below: Dice): Promise<readonly Attempt[]> {
  const { machine, family, command } = scenario;
  const attempts: Attempt[] = [];
  let next: Command = command;
  for (let count = 0; count < ATTEMPTS_IN_QUIET_MAX; count++) {
    const attempt = await attemptSync(machine, family, next, Luck.none(below));
    attempts.push(attempt);
    checkAttempt(attempt, machine);
    if (hasEnded(attempt, scenario)) return attempts;
    next = await followAdvice(machine, next, attempt);
  }
  return assert.fail("it does not come to its end");
}
