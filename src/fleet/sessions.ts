// Who lives. Each process renews its own session, and watches how long those of others stay unchanged, by its own
// clock: clocks of two machines are never compared. A session that is not renewed is ended by whoever sees it
// first, with compare-and-set, so that its owner's next renewal fails. This decides when work is taken over, and
// nothing more: that nothing is done twice is held by tokens.

import { absorb, emptyReplica, entryOf, put, type Replica, request } from "./replica.ts";
import type { Command, StoreEvent } from "./store.ts";

export interface Sessions {
  readonly me: string;
  readonly ttlMs: number;
  readonly replica: Replica;
  /** When the last renewal was sent, and until when it is good, by our own clock. */
  readonly sentAt: number;
  readonly goodUntil: number;
  readonly others: ReadonlyMap<string, Seen>;
}

interface Seen {
  readonly revision: number;
  readonly since: number;
  readonly isOver: boolean;
}

/** Others wait this much longer than the owner believes in itself. */
const PATIENCE = 1.25;
const RENEWALS = 3;

export function newSessions(me: string, ttlMs: number): Sessions {
  return {
    me,
    ttlMs,
    replica: emptyReplica,
    others: new Map(),
    sentAt: Number.NEGATIVE_INFINITY,
    goodUntil: Number.NEGATIVE_INFINITY,
  };
}

export function isAlive({ goodUntil }: Sessions, now: number): boolean {
  return now < goodUntil;
}

/** Its session was ended: it has to begin anew, under another name. */
export function isEnded({ me, replica }: Sessions): boolean {
  return entryOf(replica, "session", me)?.value.isOver === true;
}

export function standingOf(
  { me, others }: Sessions,
  session: string,
): "alive" | "over" | "unknown" {
  if (session === me) return "alive";
  const seen = others.get(session);
  if (seen === undefined) return "unknown";
  return seen.isOver ? "over" : "alive";
}

/** Of those that live, ourselves included. */
export function livingSessions({ me, others }: Sessions): readonly string[] {
  return [me, ...[...others].flatMap(([id, { isOver }]) => (isOver ? [] : [id]))];
}

export function stepSessions(
  state: Sessions,
  events: readonly StoreEvent[],
  now: number,
): { readonly state: Sessions; readonly commands: readonly Command[] } {
  if (events.length === 0 && state.replica.open.size === 0 && now < dueAt(state)) {
    return { state, commands: [] };
  }
  const replica = absorb(state.replica, events, now);
  const others = seeOthers(state, events, now);
  const own = entryOf(replica, "session", state.me);
  const renewed = events.some(({ kind, key }) => kind === "stored" && key.name === state.me);
  const goodUntil = own?.value.isOver
    ? Number.NEGATIVE_INFINITY
    : renewed
      ? state.sentAt + state.ttlMs
      : state.goodUntil;
  const known: Sessions = { ...state, replica, others, goodUntil };
  const renewal = renew(known, now);
  const requested = request(replica, [...renewal, ...endOthers(known, now)], now);
  if (requested.replica === replica) return { state: known, commands: requested.commands };
  const sentAt = renewal.length > 0 ? now : state.sentAt;
  return { state: { ...known, replica: requested.replica, sentAt }, commands: requested.commands };
}

/** Before this nothing is to be done, unless something happens. */
function dueAt({ sentAt, ttlMs, others }: Sessions): number {
  let due = sentAt + ttlMs / RENEWALS;
  for (const { since, isOver } of others.values()) {
    if (!isOver) due = Math.min(due, since + ttlMs * PATIENCE);
  }
  return due;
}

function renew({ me, ttlMs, replica, sentAt }: Sessions, now: number): readonly Command[] {
  const own = entryOf(replica, "session", me);
  if (own?.value.isOver || now < sentAt + ttlMs / RENEWALS) return [];
  return put(replica, "session", me, { beat: (own?.value.beat ?? 0) + 1, isOver: false });
}

function endOthers({ ttlMs, replica, others }: Sessions, now: number): readonly Command[] {
  return [...others].flatMap(([id, { since, isOver }]) => {
    const session = entryOf(replica, "session", id);
    if (isOver || session === undefined || now < since + ttlMs * PATIENCE) return [];
    return put(replica, "session", id, { ...session.value, isOver: true });
  });
}

function seeOthers(
  state: Sessions,
  events: readonly StoreEvent[],
  now: number,
): Sessions["others"] {
  const news = events.filter(({ kind, key }) => kind !== "refused" && key.name !== state.me);
  if (news.length === 0) return state.others;
  const others = new Map(state.others);
  for (const event of news) {
    if (event.kind === "refused") continue;
    const { name } = event.key;
    const seen = others.get(name);
    if (event.entry === undefined) {
      // It is there no more, or never was; whoever holds something in its name does not live.
      if (seen === undefined) others.set(name, { revision: 0, since: now, isOver: true });
    } else if (event.entry.revision > (seen?.revision ?? 0)) {
      const { isOver } = event.entry.value as { readonly isOver: boolean };
      others.set(name, { revision: event.entry.revision, since: now, isOver });
    }
  }
  return others;
}
