// A store in memory and shorthand for records, for the tests of the state machines. Not a test.

import type { Order, Rollout } from "./records.ts";
import { absorb, emptyReplica, type Replica } from "./replica.ts";
import type { PlannedHost, RolloutPlan } from "./rollout-plan.ts";
import type { RolloutView } from "./rollout-view.ts";
import { newSessions, type Sessions, stepSessions } from "./sessions.ts";
import type { Command, Entry, Key, Kind, Records, StoreEvent } from "./store.ts";

const XEN = "aa";
export const FROM = ["one@1"];
export const TO = ["all@2"];

function planned(pool = "a"): PlannedHost {
  return { labels: { pool }, xenBuildId: XEN, from: FROM, to: TO };
}

/** @param waves hosts with the pool behind the name: `x1/a` */
export function planOf(
  waves: readonly (readonly string[])[],
  rules: Partial<RolloutPlan["rules"]> = {},
): RolloutPlan {
  const split = (text: string) => text.split("/") as [string, string | undefined];
  const hosts = waves.flat().map(split);
  return {
    id: "r1",
    rules: {
      target: { channel: "stable", version: 2 },
      soakMs: 10_000,
      limits: { atOnce: 2, perLabel: { pool: 1 } },
      windows: [],
      tolerated: 0,
      onFailure: "stop",
      silentMs: 100_000,
      moments: "refuse",
      check: undefined,
      whenOverlapping: "refuse",
      ...rules,
    },
    waves: waves.map((wave) => wave.map((text) => split(text)[0])),
    hosts: Object.fromEntries(hosts.map(([id, pool]) => [id, planned(pool)])),
  };
}

export function orderOf(more: Partial<Order> = {}): Order {
  return {
    rollout: "r1",
    number: 1,
    goal: {
      direction: "forward",
      target: { channel: "stable", version: 2 },
      xenBuildId: XEN,
      from: FROM,
      to: TO,
    },
    status: "open",
    isStopped: false,
    token: 0,
    outcome: undefined,
    reason: undefined,
    shows: undefined,
    ...more,
  };
}

export const shows = (stack: readonly string[], bootId = "b1") => ({
  xenBuildId: XEN,
  bootId,
  stack: [...stack],
});

export const done = (storedAt = 0): readonly ["order", Order, number] => [
  "order",
  orderOf({ status: "ended", outcome: "done", shows: shows(TO), token: 1 }),
  storedAt,
];

export const facts = (stack: readonly string[], storedAt: number, asked = 0, more = {}) =>
  ["facts", { ...shows(stack), token: 1, fault: undefined, asked, ...more }, storedAt] as const;

type Record = readonly [kind: Kind, value: Records[Kind], storedAt: number];

/** What the store says, by name of host, session or roll-out. */
export function replicaOf(records: Readonly<{ [name: string]: readonly Record[] }>): Replica {
  const events = Object.entries(records).flatMap(([name, some]) =>
    some.map(([kind, value, storedAt]): StoreEvent => {
      return { kind: "changed", key: { kind, name }, entry: { value, revision: 1, storedAt } };
    }),
  );
  return absorb(emptyReplica, events, 0);
}

export function viewOf(
  plan: RolloutPlan,
  rollout: Partial<Rollout>,
  more: Partial<Omit<RolloutView, "ledger">> & {
    readonly granted?: readonly string[];
    readonly number?: number;
  } = {},
): RolloutView {
  const { granted = [], number = 1, ...others } = more;
  const value: Rollout = {
    token: 1,
    phase: "working",
    wave: 0,
    since: 0,
    after: undefined,
    reason: undefined,
    ...rollout,
  };
  return {
    plan,
    rollout: { value, revision: 1, storedAt: value.since ?? 0 },
    wanted: "run",
    ledger: {
      token: 1,
      grants: Object.fromEntries(granted.map((host) => [host, { rollout: plan.id, number }])),
    },
    replica: emptyReplica,
    othersAtWork: [],
    check: "none",
    now: 1000,
    ...others,
  };
}

/** A session that was renewed at 0 and is good until its time is up. */
export function livingSession(me: string, ttlMs = 30_000): Sessions {
  const { state, commands } = stepSessions(newSessions(me, ttlMs), [], 0);
  const [put] = commands;
  if (put?.kind !== "put") throw new Error("no session was written");
  return stepSessions(state, [stored(put, 1)], 0).state;
}

export function stored(command: Command | undefined, revision: number, storedAt = 0): StoreEvent {
  if (command?.kind !== "put") throw new Error(`${command?.kind} is no write`);
  return { kind: "stored", key: command.key, entry: { value: command.value, revision, storedAt } };
}

export function changed(key: Key, value: unknown, revision: number, storedAt = 0): StoreEvent {
  const entry: Entry = { value, revision, storedAt };
  return { kind: "changed", key, entry };
}

/** As `put order.x1`, `look x1`. */
export function textOf(command: Command): string {
  switch (command.kind) {
    case "put":
    case "read":
      return `${command.kind} ${command.key.kind}.${command.key.name}`;
    case "send":
      return `send ${command.item.kind} ${command.item.host}`;
    case "look":
    case "work":
    case "stop-work":
      return `${command.kind} ${command.host}`;
    case "ack":
    case "nak":
      return `${command.kind} ${command.delivery}`;
    case "check":
      return `check ${command.rollout}`;
  }
}
