// What goes wrong, and when: decided by a seed, call by call.

import type { Rendezvous } from "./machine.ts";

/** What a call may meet. */
export const mishaps = [
  /** The process is killed before the call, or behind it. */
  "death",
  "death-behind",
  /** No answer, and nothing happened; or it did. */
  "lost-request",
  "lost-answer",
  /** The connection is away for some calls. */
  "outage",
  /** The hypervisor, or dom0's disk, says no this once. */
  "refusal",
  /** Somebody else does something to the host. */
  "stranger",
  /** ^C. */
  "interrupt",
  /** The host goes down and comes back with no payload. */
  "reboot",
] as const;
/** What an action may meet: the CPUs do not meet in time, or only after a long time. */
export const delays = ["missed", "late"] as const;
export type Mishap = (typeof mishaps)[number];
export type Delay = (typeof delays)[number];

/** Of a thousand calls, or rendezvous, how many. */
export type Rates = Readonly<Partial<Record<Mishap | Delay, number>>>;

export type Dice = (below: number) => number;

/** Some kinds at once, each rare or frequent, others not at all. */
export function randomRates(below: Dice): Rates {
  const rates = [...mishaps, ...delays].map((what) => {
    const rate = below(2) === 0 ? 0 : ([2, 10, 40][below(3)] ?? 0);
    return [what, delays.some((delay) => delay === what) ? rate * 5 : rate];
  });
  return Object.fromEntries(rates);
}

export class Luck {
  readonly below: Dice;
  readonly #rates: Rates;
  readonly #onStrike: (what: Mishap | Delay) => void;

  constructor(below: Dice, rates: Rates, onStrike: (what: Mishap | Delay) => void) {
    this.below = below;
    this.#rates = rates;
    this.#onStrike = onStrike;
  }

  /** For those whom nothing befalls. */
  static none(below: Dice): Luck {
    return new Luck(below, {}, () => {});
  }

  /** Of one call; `undefined` when all goes well. */
  mishap(): Mishap | undefined {
    return mishaps.find((mishap) => this.#strikes(mishap));
  }

  rendezvous(): Rendezvous {
    const isLate = this.#strikes("late");
    const isMissed = this.#strikes("missed");
    const lateMs = this.below(10) === 0 ? 100_000 : 4_000;
    return { afterMs: this.below(isLate ? lateMs : 30), isMissed };
  }

  #strikes(what: Mishap | Delay): boolean {
    const rate = this.#rates[what] ?? 0;
    const does = rate > 0 && this.below(1000) < rate;
    if (does) this.#onStrike(what);
    return does;
  }
}
