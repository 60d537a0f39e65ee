// What happens to a runner besides answers of the store: messages of the queue, and answers of the host.

import type { Outcome, Shows } from "./records.ts";
import type { StoreEvent, WorkItem } from "./store.ts";

type HostEvent =
  | {
      readonly kind: "looked";
      readonly host: string;
      /** `undefined` when the host does not answer. */
      readonly shows: Shows | undefined;
      readonly fault: string | undefined;
    }
  | { readonly kind: "worked"; readonly host: string; readonly result: WorkResult };

export type WorkResult =
  | {
      readonly kind: "ended";
      readonly outcome: Outcome;
      readonly reason: string | undefined;
      /** What the host shows behind it, while nobody else could have been at work. */
      readonly shows: Shows;
    }
  /** Somebody else works on it, or it does not answer: to be tried again. */
  | { readonly kind: "busy" | "unreachable" }
  /** The host has seen a later token. */
  | { readonly kind: "fenced"; readonly seen: number };

interface Delivered {
  readonly kind: "delivered";
  readonly item: WorkItem;
  readonly delivery: number;
}

export type RunnerEvent = StoreEvent | HostEvent | Delivered;
