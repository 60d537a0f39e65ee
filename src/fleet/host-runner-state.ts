// What a runner remembers of one host. All of it may be lost: what counts is in the store and on the host.

import type { Outcome, Shows } from "./records.ts";
import type { Replica } from "./replica.ts";
import type { Command } from "./store.ts";

export interface HostRunner {
  readonly host: string;
  readonly settings: RunnerSettings;
  readonly replica: Replica;
  readonly activity: Activity;
  /** Of work that has ended; until the store has it. */
  readonly result: PendingResult | undefined;
  readonly lookAt: number;
  readonly workAt: number;
  /** The newest look that was asked for. */
  readonly asked: number;
  /** Messages that are not acknowledged yet. */
  readonly deliveries: readonly Delivery[];
  /** Since when nobody serves it, as far as we know. */
  readonly freeSince: number | undefined;
  /** Somebody has used a token above ours: ours has to be above that. */
  readonly tokenMin: number;
}

export interface RunnerSettings {
  readonly lookEveryMs: number;
  readonly retryMs: number;
  /** How long the runner that is meant for a host may take to claim it, before others do. */
  readonly graceMs: number;
}

type Activity =
  | { readonly kind: "idle" }
  /** `expected`: so that what is seen now is not written over what is seen later. */
  | {
      readonly kind: "looking";
      readonly token: number;
      readonly asked: number;
      readonly expected: number;
    }
  | {
      readonly kind: "working";
      readonly rollout: string;
      readonly number: number;
      readonly token: number;
      readonly isStopped: boolean;
    };

interface PendingResult {
  readonly rollout: string;
  readonly number: number;
  readonly token: number;
  readonly outcome: Outcome;
  readonly reason: string | undefined;
  readonly shows: Shows;
  readonly hasFacts: boolean;
}

export interface Delivery {
  readonly delivery: number;
  readonly rollout: string;
  readonly number: number;
  /** Whether the order was read since it came. */
  readonly isRead: boolean;
}

export interface Stepped {
  readonly state: HostRunner;
  readonly commands: readonly Command[];
}
