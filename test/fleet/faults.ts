// What befalls a fleet: a list that follows from the seed, so that a failure can be made smaller by leaving some out.

import type { Dice } from "./clockwork.ts";
import type { Flaw } from "./sim-host.ts";

/** Of processes, networks and the store. With these alone the end has to be the same as without any. */
const ofMachinery = [
  "kill",
  /** At one of its commands: before it has left, or behind it. */
  "kill-at",
  /** It stands still, and goes on as if nothing had been. */
  "pause-process",
  "cut-off",
  /** Much of what it sends to the store arrives a minute later. */
  "slow",
  "cut-off-from-host",
  "store-away",
  "store-full",
] as const;
const ofHosts = ["reboot", "update", "gone", "gone-for-good"] as const;
const ofPeople = ["pause", "resume", "abort", "take-back"] as const;

export type FaultKind =
  | (typeof ofMachinery)[number]
  | (typeof ofHosts)[number]
  | (typeof ofPeople)[number];

export const faultKinds: readonly FaultKind[] = [...ofMachinery, ...ofHosts, ...ofPeople];

export interface Fault {
  readonly kind: FaultKind;
  readonly atMs: number;
  readonly forMs: number;
  /** Index of the process, host or roll-out, modulo how many there are. */
  readonly target: number;
  readonly other: number;
}

/** How much is taken to go wrong. */
export type Weather = "calm" | "machinery" | "hosts" | "people";

const STORM_MS = 100_000;
const OUTAGE_MS = 40_000;
/** Long enough for others to take over. */
const LONG_OUTAGE_MS = 150_000;

export function randomFaults(weather: Weather, dice: Dice): readonly Fault[] {
  if (weather === "calm") return [];
  const kinds: readonly FaultKind[] =
    weather === "machinery"
      ? ofMachinery
      : weather === "hosts"
        ? [...ofMachinery, ...ofHosts]
        : [...ofMachinery, ...ofPeople];
  return Array.from({ length: 1 + dice(7) }, () => ({
    kind: kinds[dice(kinds.length)] ?? "kill",
    atMs: dice(STORM_MS),
    forMs: 1000 + dice(dice(3) === 0 ? LONG_OUTAGE_MS : OUTAGE_MS),
    target: dice(1000),
    other: dice(1000),
  }));
}

export function randomFlaw(weather: Weather, dice: Dice): Flaw {
  if (weather !== "hosts" || dice(5) > 0) return "none";
  const flaws: readonly Flaw[] = ["step-fails", "astray", "lies-at-work", "lies-when-asked"];
  return flaws[dice(flaws.length)] ?? "none";
}
