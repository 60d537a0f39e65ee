// A fleet and its roll-outs, made from a seed: the plans are made by the same function as real ones.

import type { Forecast } from "../../src/fleet/forecast.ts";
import { planRollout, type RolloutPlan, type RolloutRules } from "../../src/fleet/rollout-plan.ts";
import type { Stack } from "../../src/fleet/stack.ts";
import { parseWaves } from "../../src/fleet/waves.ts";
import type { Dice } from "./clockwork.ts";
import { type Fault, randomFaults, randomFlaw, type Weather } from "./faults.ts";
import type { Flaw } from "./sim-host.ts";

export interface Scenario {
  readonly weather: Weather;
  readonly hosts: readonly {
    readonly id: string;
    readonly labels: { readonly pool: string };
    readonly before: Stack;
    readonly flaw: Flaw;
  }[];
  readonly plans: readonly RolloutPlan[];
  /** Fails at this wave of the first roll-out. */
  readonly badCheck: number | undefined;
  readonly faults: readonly Fault[];
  /** One for each runner, then for each controller. */
  readonly clocks: readonly { readonly offset: number; readonly rate: number }[];
  readonly runners: number;
}

export const TTL_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Longer than all outages together: nothing that ends by itself is taken for a host that is gone. */
const PATIENCE_MS = 900_000;
const weathers = [
  "calm",
  "machinery",
  "machinery",
  "machinery",
  "hosts",
  "hosts",
  "people",
] as const;

export function makeScenario(dice: Dice): Scenario {
  const weather = weathers[dice(weathers.length)] ?? "calm";
  const hosts = Array.from({ length: 2 + dice(4) }, (_, index) => ({
    id: `h${index}`,
    labels: { pool: ["a", "b", "c"][dice(3)] ?? "a" },
    before: [[], ["one@1"], ["one@1", "two@2"]][dice(3)] ?? [],
    flaw: randomFlaw(weather, dice),
  }));
  const clock = () => {
    // An hour apart, and not at the same pace: nothing that has to hold may depend on either.
    const rate = dice(8) === 0 ? 0.6 + dice(8) / 10 : 0.99 + dice(20) / 1000;
    return { offset: HOUR_MS * dice(3) + dice(5000), rate };
  };
  return {
    weather,
    hosts,
    plans: makePlans(hosts, weather, dice),
    badCheck: weather !== "machinery" && dice(6) === 0 ? dice(2) : undefined,
    faults: randomFaults(weather, dice),
    clocks: Array.from({ length: 4 }, clock),
    runners: 2,
  };
}

function makePlans(hosts: Scenario["hosts"], weather: Weather, dice: Dice): readonly RolloutPlan[] {
  const tolerated = dice(3) === 0 ? 1 : 0;
  const rules: RolloutRules = {
    target: { channel: "stable", version: 2 },
    waves: parseWaves(["1,100%", "1,50%,100%", "100%", "50%,100%"][dice(4)] ?? "100%"),
    soakMs: 5000 + dice(20_000),
    limits: { atOnce: 1 + dice(3), perLabel: { pool: 1 } },
    windows: [],
    tolerated,
    onFailure: (["stop", "take-back-wave", "take-back-all"] as const)[dice(3)] ?? "stop",
    silentMs: weather === "hosts" ? 120_000 : PATIENCE_MS,
    moments: "refuse",
    check: dice(2) === 0 ? "./check" : undefined,
    whenOverlapping: "queue",
  };
  const toOf = (before: Stack): Stack => {
    const made: readonly Stack[] = [
      ["all@3"],
      [...before, "three@4"],
      ["one@1", "two@2", "three@4"],
    ];
    return made[dice(3)] ?? ["all@3"];
  };
  const forecasts = new Map(
    hosts.map(({ id, before }): [string, Forecast] => {
      const to = toOf(before);
      return [id, { kind: "goes", xenBuildId: "aa", from: before, to, rendezvous: 1, missing: [] }];
    }),
  );
  const plan = (id: string, some: Scenario["hosts"], more: Partial<RolloutRules> = {}) => {
    const made = planRollout(id, { ...rules, ...more }, some, forecasts, () => false, dice);
    return made.plan === undefined ? [] : [made.plan];
  };
  // Two at once: other hosts of the same pools, or the same hosts.
  const kind = dice(4);
  if (kind === 0 && hosts.length > 3) {
    return [...plan("r1", hosts.slice(0, 2)), ...plan("r2", hosts.slice(2))];
  }
  if (kind === 1)
    return [...plan("r1", hosts), ...plan("r2", hosts, { whenOverlapping: "refuse" })];
  return plan("r1", hosts);
}
