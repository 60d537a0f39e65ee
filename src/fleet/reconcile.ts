// From the ledger to orders, and back: a host in the ledger gets its order, one whose order is over leaves it.
// Nothing else writes orders that begin, so a host that is not in the ledger is never at work.

import type { Ledger, Order, Rollout } from "./records.ts";
import { entryOf, put, type Replica } from "./replica.ts";
import type { RolloutPlan } from "./rollout-plan.ts";
import type { Command } from "./store.ts";

export interface Reconciled {
  readonly commands: readonly Command[];
  /** Hosts whose work is over. */
  readonly release: readonly string[];
  /** Hosts whose order waits to be taken. */
  readonly wake: readonly {
    readonly host: string;
    readonly rollout: string;
    readonly number: number;
  }[];
}

type Grant = Ledger["grants"][string];

/** @param isSilent of an order that nobody has taken for too long */
export function reconcileGrant(
  host: string,
  grant: Grant,
  plan: RolloutPlan,
  rollout: Rollout,
  replica: Replica,
  isSilent: boolean,
): Reconciled {
  const nothing: Reconciled = { commands: [], release: [], wake: [] };
  const entry = entryOf(replica, "order", host);
  const isOurs = entry?.value.rollout === grant.rollout && entry.value.number >= grant.number;
  const order = isOurs ? entry?.value : undefined;
  const mayGo = rollout.phase === (grant.number === 1 ? "working" : "taking-back");
  const write = (value: Order | undefined): Reconciled => {
    return { ...nothing, commands: value === undefined ? [] : put(replica, "order", host, value) };
  };
  if (order === undefined) {
    // Also where it is not to begin: a former leader's order may still be on its way, and has to fail.
    return write(newOrder(host, grant, plan, mayGo ? "open" : "withdrawn"));
  }
  switch (order.status) {
    case "open":
      if (!mayGo || isSilent) return write({ ...order, status: "withdrawn" });
      return { ...nothing, wake: [{ host, ...grant }] };
    case "taken":
      return mayGo || order.isStopped ? nothing : write({ ...order, isStopped: true });
    case "ended":
    case "withdrawn":
      return { ...nothing, release: [host] };
  }
}

function newOrder(
  host: string,
  { rollout, number }: Grant,
  { hosts, rules }: RolloutPlan,
  status: Order["status"],
): Order | undefined {
  const planned = hosts[host];
  if (planned === undefined) return undefined;
  const { xenBuildId, from, to } = planned;
  const way =
    number === 1
      ? ({ direction: "forward", from, to } as const)
      : ({ direction: "back", from: to, to: from } as const);
  const goal = { ...way, target: rules.target, xenBuildId };
  const unknown = { outcome: undefined, reason: undefined, shows: undefined };
  return { rollout, number, goal, status, isStopped: false, token: 0, ...unknown };
}
