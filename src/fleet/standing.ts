// Where one host of a roll-out stands, from what the store says of it: its order, what it showed last, and whether
// the ledger lets it be at work.

import type { Facts, Order } from "./records.ts";
import { entryOf, type Replica } from "./replica.ts";
import type { PlannedHost, RolloutPlan } from "./rollout-plan.ts";
import { sameStack } from "./stack.ts";
import type { Entry } from "./store.ts";

export type Standing =
  /** Not begun. */
  | { readonly kind: "waiting" }
  | { readonly kind: "at-work" }
  /** In the promised state, by the newest that is known. */
  | { readonly kind: "arrived" }
  /** Its order was taken back before any runner had it. */
  | { readonly kind: "withdrawn" }
  | { readonly kind: "failed"; readonly reason: string }
  /** Nothing was heard of it for too long; it may be in the middle of its work. */
  | { readonly kind: "silent"; readonly wasAtWork: boolean };

/** @param now by the store's clock */
export function standingOf(
  plan: RolloutPlan,
  host: string,
  replica: Replica,
  isGranted: boolean,
  now: number,
): Standing {
  const planned = plan.hosts[host];
  const order = orderOf(plan.id, host, replica);
  if (order === undefined || planned === undefined)
    return { kind: isGranted ? "at-work" : "waiting" };
  const facts = entryOf(replica, "facts", host);
  const isSilent = now > heardAt(order, facts) + plan.rules.silentMs;
  switch (order.value.status) {
    case "withdrawn":
      return { kind: "withdrawn" };
    case "open":
    case "taken":
      return isSilent
        ? { kind: "silent", wasAtWork: order.value.status === "taken" }
        : { kind: "at-work" };
    case "ended": {
      const trouble = troubleOf(planned, order, facts);
      if (trouble !== undefined) return { kind: "failed", reason: trouble };
      return isSilent ? { kind: "silent", wasAtWork: false } : { kind: "arrived" };
    }
  }
}

/** The order of this roll-out; another one's says nothing of it. */
export function orderOf(rollout: string, host: string, replica: Replica): Entry<Order> | undefined {
  const order = entryOf(replica, "order", host);
  return order?.value.rollout === rollout ? order : undefined;
}

/** When a host with an order was heard of last, by the store's clock. */
export function heardAt(order: Entry<Order>, facts: Entry<Facts> | undefined): number {
  return Math.max(order.storedAt, facts?.storedAt ?? 0);
}

/** Those that stand in the way of the next wave. */
export function isFailure({ kind }: Standing): boolean {
  return kind === "failed" || kind === "silent" || kind === "withdrawn";
}

/** Of an order that has ended: why its host is not as promised. */
function troubleOf(
  planned: PlannedHost,
  { value: order, storedAt }: Entry<Order>,
  facts: Entry<Facts> | undefined,
): string | undefined {
  const { outcome, reason, shows, goal } = order;
  if (outcome !== "done") return reason === undefined ? `${outcome}` : `${outcome}: ${reason}`;
  if (shows?.stack === undefined || !sameStack(shows.stack, goal.to)) {
    return "it says that it is done, and shows something else";
  }
  if (facts === undefined || facts.storedAt < storedAt) return undefined;
  const { bootId, xenBuildId, stack, fault } = facts.value;
  if (xenBuildId !== planned.xenBuildId) return `it runs another hypervisor by now: ${xenBuildId}`;
  if (bootId !== shows.bootId) return "it has rebooted since";
  if (stack === undefined || !sameStack(stack, goal.to)) return "it shows another state by now";
  return fault === undefined ? undefined : `its console says: ${fault}`;
}
