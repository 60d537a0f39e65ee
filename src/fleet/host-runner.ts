// A runner's state machine for one host: serve it, look at it, take its order, do it, say how it ended. Whatever
// happens in between, the store and the host say where it stands: after a restart the same steps lead on from there.

import { heldToken, takeClaim } from "./claim.ts";
import type { Delivery, HostRunner, RunnerSettings, Stepped } from "./host-runner-state.ts";
import { doOrder, writeResult } from "./host-work.ts";
import { absorb, emptyReplica, entryOf, put, type Replica, request } from "./replica.ts";
import type { RunnerEvent } from "./runner-events.ts";
import { livingSessions, type Sessions } from "./sessions.ts";
import type { Command, StoreEvent } from "./store.ts";

export function newHostRunner(host: string, settings: RunnerSettings, now: number): HostRunner {
  return {
    host,
    settings,
    replica: emptyReplica,
    activity: { kind: "idle" },
    result: undefined,
    lookAt: now,
    workAt: Number.NEGATIVE_INFINITY,
    asked: 0,
    deliveries: [],
    freeSince: undefined,
    tokenMin: 0,
  };
}

export function stepHostRunner(
  state: HostRunner,
  events: readonly RunnerEvent[],
  now: number,
  sessions: Sessions,
): Stepped {
  const replica = absorb(state.replica, events.filter(isOfStore), now);
  let known = withReplica(state, replica);
  const commands: Command[] = [];
  for (const event of events) {
    const noted = note(known, event, now, sessions);
    known = noted.state;
    commands.push(...noted.commands);
  }
  const decided = decide(known, now, sessions);
  const requested = request(decided.state.replica, [...commands, ...decided.commands], now);
  return { state: withReplica(decided.state, requested.replica), commands: requested.commands };
}

/** Ten thousand of these are asked at each tick, and most have nothing to do: nothing is copied for them. */
function withReplica(state: HostRunner, replica: Replica): HostRunner {
  return replica === state.replica ? state : { ...state, replica };
}

function isOfStore(event: RunnerEvent): event is StoreEvent {
  return "key" in event;
}

function note(state: HostRunner, event: RunnerEvent, now: number, sessions: Sessions): Stepped {
  const { activity, settings, result, host } = state;
  switch (event.kind) {
    case "stored":
      if (event.key.kind !== "facts" || result === undefined) return { state, commands: [] };
      return { state: { ...state, result: { ...result, hasFacts: true } }, commands: [] };
    case "refused":
      // What was seen is old now; it is looked at again.
      if (event.key.kind !== "facts") return { state, commands: [] };
      return {
        state: { ...state, lookAt: Math.min(state.lookAt, now + settings.retryMs) },
        commands: [],
      };
    case "read": {
      if (event.key.kind !== "order" || state.deliveries.length === 0)
        return { state, commands: [] };
      const deliveries = state.deliveries.map((one) => ({ ...one, isRead: true }));
      return { state: { ...state, deliveries }, commands: [] };
    }
    case "delivered":
      return takeDelivery(state, event, now);
    case "looked": {
      if (activity.kind !== "looking") return { state, commands: [] };
      const idle: HostRunner = { ...state, activity: { kind: "idle" } };
      const token = heldToken(state.replica, claimOf(host), sessions, now);
      if (token !== activity.token) return { state: idle, commands: [] };
      const { shows, fault } = event;
      // Nothing is written of a host that does not answer: its facts grow old, which says it as well.
      if (shows === undefined)
        return { state: { ...idle, lookAt: now + settings.retryMs }, commands: [] };
      const facts = { ...shows, token, fault, asked: activity.asked };
      return { state: idle, commands: put(state.replica, "facts", host, facts, activity.expected) };
    }
    case "worked": {
      if (activity.kind !== "working") return { state, commands: [] };
      const idle: HostRunner = { ...state, activity: { kind: "idle" } };
      if (event.result.kind === "fenced") {
        return { state: { ...idle, tokenMin: event.result.seen + 1 }, commands: [] };
      }
      if (event.result.kind !== "ended") {
        return { state: { ...idle, workAt: now + settings.retryMs }, commands: [] };
      }
      const { rollout, number, token } = activity;
      const { outcome, reason, shows } = event.result;
      // It was we who stopped it, when we were not sure to be its runner any more: the order goes on.
      const isAsked = entryOf(state.replica, "order", host)?.value.isStopped === true;
      if (outcome === "stopped" && !isAsked)
        return { state: { ...idle, workAt: now }, commands: [] };
      const ended = { rollout, number, token, outcome, reason, shows, hasFacts: false };
      return { state: { ...idle, result: ended }, commands: [] };
    }
    default:
      return { state, commands: [] };
  }
}

function takeDelivery(
  state: HostRunner,
  { item, delivery }: Extract<RunnerEvent, { readonly kind: "delivered" }>,
  now: number,
): Stepped {
  if (item.kind === "look") {
    const isNew = item.asked > state.asked;
    const asked = Math.max(item.asked, state.asked);
    const lookAt = isNew ? now : state.lookAt;
    return { state: { ...state, asked, lookAt }, commands: [{ kind: "ack", delivery }] };
  }
  const { rollout, number } = item;
  const deliveries = [...state.deliveries, { delivery, rollout, number, isRead: false }];
  // The message may be newer than what the watch has brought.
  return { state: { ...state, deliveries }, commands: readOrder(state) };
}

function readOrder({ host, replica }: HostRunner): readonly Command[] {
  const key = { kind: "order", name: host } as const;
  return replica.open.has(`order.${host}`) ? [] : [{ kind: "read", key }];
}

function decide(state: HostRunner, now: number, sessions: Sessions): Stepped {
  const { host, replica } = state;
  const token = heldToken(replica, claimOf(host), sessions, now);
  if (token === undefined) return stayAway(state, now, sessions);
  const served = state.freeSince === undefined ? state : { ...state, freeSince: undefined };
  if (token < state.tokenMin) {
    // Whether it is ours is decided by the store: whoever has it by now has changed the claim.
    const claim = { holder: sessions.me, token: state.tokenMin };
    return { state: served, commands: put(replica, "claim", claimOf(host), claim) };
  }
  const acknowledged = acknowledge(served);
  const written = writeResult(acknowledged.state, token);
  const done = doOrder(written.state, token, now);
  const looked = look(done.state, token, now);
  const commands = [acknowledged, written, done, looked].flatMap((step) => step.commands);
  return { state: looked.state, commands };
}

/** Not ours: what is under way is stopped, and messages go back to the queue, for whoever has it. */
function stayAway(state: HostRunner, now: number, sessions: Sessions): Stepped {
  const { host, activity, settings, deliveries } = state;
  const commands: Command[] = deliveries.map(({ delivery }) => ({ kind: "nak", delivery }));
  const isClean = deliveries.length === 0 && state.result === undefined;
  let next: HostRunner = isClean ? state : { ...state, deliveries: [], result: undefined };
  if (activity.kind === "working" && !activity.isStopped) {
    commands.push({ kind: "stop-work", host });
    next = { ...next, activity: { ...activity, isStopped: true } };
  }
  const { commands: claim, unknown } = takeClaim(state.replica, claimOf(host), sessions, now);
  if (unknown !== undefined) {
    const isAsked = state.replica.open.has(`session.${unknown}`);
    if (!isAsked) commands.push({ kind: "read", key: { kind: "session", name: unknown } });
  }
  if (claim.length === 0) {
    return {
      state: next.freeSince === undefined ? next : { ...next, freeSince: undefined },
      commands,
    };
  }
  const freeSince = state.freeSince ?? now;
  const isMeant = isMeantFor(sessions, host) || now >= freeSince + settings.graceMs;
  if (isMeant) commands.push(...claim);
  return { state: { ...next, freeSince }, commands };
}

/** No host has a name with a slash, so none is the leader. */
function claimOf(host: string): string {
  return `host/${host}`;
}

/** So that runners divide the hosts among themselves: each host goes to the living session with the highest number. */
function isMeantFor(sessions: Sessions, host: string): boolean {
  const own = numberOf(sessions.me, host);
  return livingSessions(sessions).every((other) => numberOf(other, host) <= own);
}

/** FNV-1a. */
function numberOf(session: string, host: string): number {
  let hash = 0x811c9dc5;
  for (const character of `${session}/${host}`) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  return hash >>> 0;
}

/**
 * A message has done its work when the order that it speaks of is taken, or is over. That another roll-out's order is
 * there says so, too, but only if it was read since: the one that we know may be older than the message.
 */
function acknowledge(state: HostRunner): Stepped {
  if (state.deliveries.length === 0) return { state, commands: [] };
  const order = entryOf(state.replica, "order", state.host)?.value;
  const isDone = ({ rollout, number, isRead }: Delivery) => {
    if (order?.rollout !== rollout) return isRead;
    return order.number > number || (order.number === number && order.status !== "open");
  };
  const done = state.deliveries.filter(isDone);
  if (done.length === 0) return { state, commands: [] };
  const deliveries = state.deliveries.filter((one) => !isDone(one));
  const commands = done.map(({ delivery }) => ({ kind: "ack", delivery }) as const);
  return { state: { ...state, deliveries }, commands };
}

function look(state: HostRunner, token: number, now: number): Stepped {
  const { host, activity, result, lookAt, asked, replica, settings } = state;
  if (activity.kind !== "idle" || result !== undefined || now < lookAt)
    return { state, commands: [] };
  if (replica.open.has(`facts.${host}`)) return { state, commands: [] };
  const expected = entryOf(replica, "facts", host)?.revision ?? 0;
  const looking = { kind: "looking", token, asked, expected } as const;
  const next: HostRunner = { ...state, activity: looking, lookAt: now + settings.lookEveryMs };
  return { state: next, commands: [{ kind: "look", host, token }] };
}
