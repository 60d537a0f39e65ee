// What the fleet needs of a store, and nothing else: values under keys, each with a revision, written only where
// the revision is the one that the writer knows; a watch that brings every key's newest value sooner or later; and a
// queue whose messages come at least once. JetStream has all three (KV `create()` and `update()`, `watch()`,
// a work-queue stream with ack). There is no transaction over two keys, and nothing here needs one.

import type { Claim, Facts, Ledger, Order, Rollout, Session, Wanted } from "./records.ts";
import type { RolloutPlan } from "./rollout-plan.ts";

/** Each kind of record, under keys that begin with its name: `order.HOST`. */
export interface Records {
  readonly session: Session;
  readonly claim: Claim;
  readonly facts: Facts;
  readonly order: Order;
  readonly ledger: Ledger;
  readonly plan: RolloutPlan;
  readonly rollout: Rollout;
  readonly wanted: Wanted;
}

export type Kind = keyof Records;

export interface Key<Of extends Kind = Kind> {
  readonly kind: Of;
  /** Of the host, session or roll-out; `leader`, `fleet`. */
  readonly name: string;
}

export interface Entry<Value = unknown> {
  readonly value: Value;
  /** Grows with each write of this key; 0 is a key that was never written. */
  readonly revision: number;
  /** By the store's clock, in ms. */
  readonly storedAt: number;
}

/** Wakes a runner. What is to be done stands in the store: a message that is late, doubled or out of order does no harm. */
export type WorkItem =
  | {
      readonly kind: "order";
      readonly host: string;
      readonly rollout: string;
      readonly number: number;
    }
  /** To be looked at; `asked` tells this request from earlier ones. */
  | { readonly kind: "look"; readonly host: string; readonly asked: number };

/** What a state machine wants done. Each store command is answered by one event, at some time. */
export type Command =
  /** Answered by `stored` or `refused`. `expected` 0: only where there is no such key. */
  | {
      readonly kind: "put";
      readonly key: Key;
      readonly value: Records[Kind];
      readonly expected: number;
    }
  /** Answered by `read` or `refused`. */
  | { readonly kind: "read"; readonly key: Key }
  | { readonly kind: "send"; readonly item: WorkItem }
  | { readonly kind: "ack" | "nak"; readonly delivery: number }
  /** Answered by `looked`. */
  | { readonly kind: "look"; readonly host: string; readonly token: number }
  /** Answered by `worked`. */
  | { readonly kind: "work"; readonly host: string; readonly order: Order; readonly token: number }
  | { readonly kind: "stop-work"; readonly host: string }
  /** The user's own check; answered by `checked`. */
  | { readonly kind: "check"; readonly rollout: string; readonly wave: number };

export type StoreEvent =
  /** From a watch: may come late, twice, and behind newer ones. */
  | { readonly kind: "changed"; readonly key: Key; readonly entry: Entry }
  | { readonly kind: "stored"; readonly key: Key; readonly entry: Entry }
  /** `undefined`: there is no such key. */
  | { readonly kind: "read"; readonly key: Key; readonly entry: Entry | undefined }
  /**
   * `conflict`: another revision is there, and nothing was written. `unavailable`: no answer, a full disk, no
   * quorum; it may have been written, or be written later.
   */
  | { readonly kind: "refused"; readonly key: Key; readonly why: "conflict" | "unavailable" };

export function keyText({ kind, name }: Key): string {
  return `${kind}.${name}`;
}
