// What a controller knows when it decides about one roll-out.

import type { FleetHost } from "./labels.ts";
import type { Ledger, Rollout } from "./records.ts";
import type { Replica } from "./replica.ts";
import type { RolloutPlan } from "./rollout-plan.ts";
import type { Entry } from "./store.ts";

export interface RolloutView {
  readonly plan: RolloutPlan;
  readonly rollout: Entry<Rollout>;
  readonly wanted: "run" | "pause" | "abort" | "take-back";
  readonly ledger: Ledger;
  readonly replica: Replica;
  /** Labels of hosts that are at work for other roll-outs. */
  readonly othersAtWork: readonly {
    readonly id: string;
    readonly labels: Readonly<Record<string, string>>;
  }[];
  /** Of the user's check for this phase. */
  readonly check: "none" | "running" | "passed" | "failed";
  /** By the store's clock. */
  readonly now: number;
}

export interface Decision {
  /** The next record of the roll-out. */
  readonly next: Omit<Rollout, "token"> | undefined;
  /** Hosts that may be at work from now on. */
  readonly begin: readonly string[];
  /** 1: the way forward; 2: back. */
  readonly number: number;
  /** Hosts to be looked at; what they show answers this phase when it was asked for since it began. */
  readonly look: readonly string[];
  readonly startCheck: boolean;
}

export const nothing: Decision = {
  next: undefined,
  begin: [],
  number: 1,
  look: [],
  startCheck: false,
};

/** When its phase began, by the store's clock. */
export function sinceOf({ value, storedAt }: Entry<Rollout>): number {
  return value.since ?? storedAt;
}

/** Hosts that may be at work for it. */
export function grantedTo({ plan, ledger }: RolloutView): readonly string[] {
  return Object.entries(ledger.grants).flatMap(([host, { rollout }]) =>
    rollout === plan.id ? [host] : [],
  );
}

export function named({ plan }: RolloutView): (id: string) => FleetHost {
  return (id: string) => ({ id, labels: plan.hosts[id]?.labels ?? {} });
}
