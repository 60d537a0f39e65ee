// One fleet, one storm, and quiet behind it, in which every roll-out has to come to its end.

import assert from "node:assert/strict";
import { hasEnded } from "../../src/fleet/records.ts";
import type { RolloutPlan } from "../../src/fleet/rollout-plan.ts";
import type { Command } from "../../src/fleet/store.ts";
import { befall, want } from "./befall.ts";
import { Clockwork } from "./clockwork.ts";
import type { Fault } from "./faults.ts";
import { Fleet } from "./fleet.ts";
import { checkEnd } from "./judge-end.ts";
import { makeScenario } from "./scenario.ts";

export interface Simulation {
  readonly faults: readonly Fault[];
  readonly killedAt: readonly string[];
  /** Phase in which each roll-out ended, and what became of each host. */
  readonly ends: readonly string[];
  readonly story: readonly string[];
}

export interface SimulationOptions {
  readonly wantsStory?: boolean;
  /** Those of the seed, unless given. */
  readonly faults?: readonly Fault[];
  /** For the tests of the simulation itself: breaks something on purpose. */
  readonly sabotage?: Sabotage;
}

export interface Sabotage {
  /** Rules that stand in the store, other than those that the judge goes by. */
  readonly plan?: (rules: RolloutPlan["rules"]) => Partial<RolloutPlan["rules"]>;
  readonly fleet?: (fleet: Fleet) => void;
  readonly command?: (command: Command) => Command | undefined;
}

/** All patience together, some times over. */
const END_BY_MS = 8_000_000;
/** How long everything is watched behind the end: a message may still be on its way. */
const SETTLE_MS = 5000;
const SETTLE_MAX_MS = 120_000;

/** @throws AssertionError when something does not hold that has to */
export function simulate(seed: number, options: SimulationOptions = {}): Simulation {
  const clockwork = new Clockwork(seed, options.wantsStory === true);
  const scenario = makeScenario(clockwork.dice);
  const faults = options.faults ?? scenario.faults;
  const fleet = new Fleet(clockwork, scenario, options.sabotage?.command ?? ((command) => command));
  options.sabotage?.fleet?.(fleet);
  try {
    fleet.startRollouts(options.sabotage?.plan ?? (() => ({})));
    for (const fault of faults) befall(fleet, fault);
    play(fleet, faults);
    const ends = checkEnd(fleet, faults);
    return { faults, killedAt: fleet.killedAt, ends, story: clockwork.story ?? [] };
  } catch (error) {
    if (error instanceof Error && clockwork.story !== undefined) {
      error.message = [...clockwork.story, error.message].join("\n");
    }
    throw error;
  }
}

function play(fleet: Fleet, faults: readonly Fault[]): void {
  const { clockwork, scenario, store } = fleet;
  const quietAfter = Math.max(0, ...faults.map(({ atMs, forMs }) => atMs + forMs));
  clockwork.after(quietAfter, () => {
    // Whoever has paused it goes on, sooner or later.
    for (const [index, { id }] of scenario.plans.entries()) {
      if (store.get("wanted", id)?.value.wanted === "pause") want(fleet, "run", index);
    }
  });
  let endedAt: number | undefined;
  while (clockwork.next()) {
    assert.ok(clockwork.now < END_BY_MS, "it does not come to its end");
    if (clockwork.now < quietAfter) continue;
    if (!scenario.plans.every(({ id }) => hasEnded(store.get("rollout", id)?.value ?? running))) {
      endedAt = undefined;
      continue;
    }
    endedAt ??= clockwork.now;
    const waitedMs = clockwork.now - endedAt;
    if (waitedMs > SETTLE_MAX_MS || (waitedMs > SETTLE_MS && isSettled(fleet))) return;
  }
  assert.fail("nothing happens any more");
}

const running = { phase: "queued" } as const;

function isSettled({ store, hosts }: Fleet): boolean {
  const { grants = {} } = store.get("ledger", "fleet")?.value ?? {};
  const isFree = Object.keys(grants).every((host) => hosts.get(host)?.isGone === true);
  return isFree && [...hosts.values()].every(({ holder }) => holder === undefined);
}

export function faultsOf(seed: number): readonly Fault[] {
  return makeScenario(new Clockwork(seed, false).dice).faults;
}
