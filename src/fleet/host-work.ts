// A runner takes a host's order, does it, and writes how it ended. Each of the three is one write with
// compare-and-set, in the name of the runner's token; none of them is believed before the store has it.

import type { HostRunner, Stepped } from "./host-runner-state.ts";
import type { Order } from "./records.ts";
import { entryOf, isOpen, put } from "./replica.ts";

export function doOrder(state: HostRunner, token: number, now: number): Stepped {
  const { host, replica, activity, result } = state;
  const order = entryOf(replica, "order", host)?.value;
  const nothing = { state, commands: [] };
  if (order === undefined || result !== undefined || isOpen(replica, "order", host)) return nothing;
  if (activity.kind === "working") return passOnStop(state, order);
  if (activity.kind === "looking") return nothing;
  if (order.status === "open") {
    return { state, commands: put(replica, "order", host, { ...order, status: "taken", token }) };
  }
  if (order.status !== "taken") return nothing;
  if (order.token > token) return { state: { ...state, tokenMin: order.token + 1 }, commands: [] };
  // Its runner is gone: whatever it has left on the host, the same goal leads on from there.
  if (order.token < token)
    return { state, commands: put(replica, "order", host, { ...order, token }) };
  if (now < state.workAt) return nothing;
  const { rollout, number, isStopped } = order;
  const working = { kind: "working", rollout, number, token, isStopped } as const;
  return {
    state: { ...state, activity: working },
    commands: [{ kind: "work", host, order, token }],
  };
}

function passOnStop(state: HostRunner, order: Order): Stepped {
  const { host, activity } = state;
  if (activity.kind !== "working" || activity.isStopped || !order.isStopped) {
    return { state, commands: [] };
  }
  const stopped = { ...state, activity: { ...activity, isStopped: true } };
  return { state: stopped, commands: [{ kind: "stop-work", host }] };
}

/**
 * First what the host shows now, then that the order has ended: whoever reads the second finds nothing older in the
 * first.
 */
export function writeResult(state: HostRunner, token: number): Stepped {
  const { host, replica, result } = state;
  if (result === undefined || isOpen(replica, "order", host)) return { state, commands: [] };
  const dropped: Stepped = { state: { ...state, result: undefined }, commands: [] };
  const order = entryOf(replica, "order", host)?.value;
  const isOurs =
    order?.rollout === result.rollout && order.number === result.number && order.token === token;
  // Somebody else has taken it over, or it is written already.
  if (!isOurs || result.token !== token || order.status !== "taken") return dropped;
  const { outcome, reason, shows } = result;
  if (result.hasFacts) {
    return {
      state,
      commands: put(replica, "order", host, { ...order, status: "ended", outcome, reason, shows }),
    };
  }
  const facts = entryOf(replica, "facts", host)?.value;
  if (facts !== undefined && facts.token > token) {
    return { state: { ...dropped.state, tokenMin: facts.token + 1 }, commands: [] };
  }
  // Not as an answer to a look that was asked for: that one has still to come.
  const asked = facts?.asked ?? 0;
  const seen = { ...shows, token, fault: undefined, asked };
  return { state, commands: put(replica, "facts", host, seen) };
}
