// A runner and one host: what it takes, what it does, and what it leaves alone.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  changed,
  FROM,
  livingSession,
  orderOf,
  shows,
  stored,
  TO,
  textOf,
} from "./fleet.test.support.ts";
import { newHostRunner, stepHostRunner } from "./host-runner.ts";
import type { HostRunner } from "./host-runner-state.ts";
import type { Order } from "./records.ts";
import type { RunnerEvent, WorkResult } from "./runner-events.ts";
import type { Command } from "./store.ts";

const settings = { lookEveryMs: 60_000, retryMs: 2000, graceMs: 5000 };
const sessions = livingSession("me");
const order = { kind: "order", name: "x1" } as const;
const claim = { kind: "claim", name: "host/x1" } as const;

class Played {
  state: HostRunner = newHostRunner("x1", settings, 1_000_000);
  commands: readonly Command[] = [];

  step(now: number, ...events: readonly RunnerEvent[]): readonly string[] {
    const stepped = stepHostRunner(this.state, events, now, sessions);
    this.state = stepped.state;
    this.commands = stepped.commands;
    return stepped.commands.map(textOf);
  }

  find<Kind extends Command["kind"]>(kind: Kind): Extract<Command, { readonly kind: Kind }> {
    const found = this.commands.find((command) => command.kind === kind);
    assert.ok(found, `no ${kind}`);
    return found as Extract<Command, { readonly kind: Kind }>;
  }
}

/** It serves the host, with token 1. */
function serving(): Played {
  const played = new Played();
  assert.deepEqual(played.step(0), ["put claim.host/x1"]);
  played.step(1, stored(played.commands[0], 1));
  return played;
}

/** It has taken an order, and is at work. */
function working(more: Partial<Order> = {}): Played {
  const played = serving();
  assert.deepEqual(played.step(2, changed(order, orderOf(more), 1)), ["put order.x1"]);
  assert.deepEqual(played.step(3, stored(played.commands[0], 2)), ["work x1"]);
  return played;
}

const worked = (result: WorkResult): RunnerEvent => ({ kind: "worked", host: "x1", result });
const ended = (outcome: "done" | "stopped") =>
  worked({
    kind: "ended",
    outcome,
    reason: undefined,
    shows: shows(outcome === "done" ? TO : FROM),
  });

test("stepHostRunner() takes an order in the store before it touches the host", () => {
  const played = serving();
  played.step(2, changed(order, orderOf(), 1));
  const put = played.find("put");
  assert.deepEqual([put.expected, put.value], [1, orderOf({ status: "taken", token: 1 })]);
  // Somebody else was faster: it is not touched.
  assert.deepEqual(played.step(3, { kind: "refused", key: order, why: "conflict" }), [
    "read order.x1",
  ]);
});

test("stepHostRunner() writes what the host shows, and only then that the order has ended", () => {
  const played = working();
  assert.deepEqual(played.step(4, ended("done")), ["put facts.x1"]);
  assert.deepEqual(played.step(5, stored(played.commands[0], 1)), ["put order.x1"]);
  const { value } = played.find("put");
  assert.deepEqual(
    value,
    orderOf({ status: "ended", token: 1, outcome: "done", shows: shows(TO) }),
  );
});

test("stepHostRunner() does an order once, however often it is told of it", () => {
  const played = working();
  const item = { kind: "order", host: "x1", rollout: "r1", number: 1 } as const;
  assert.deepEqual(played.step(4, { kind: "delivered", item, delivery: 7 }), [
    "read order.x1",
    "ack 7",
  ]);
  const taken = orderOf({ status: "taken", token: 1 });
  assert.deepEqual(played.step(6, changed(order, orderOf(), 1), changed(order, taken, 2)), []);
});

test("stepHostRunner() keeps a message of another roll-out until it has read the order anew", () => {
  const played = working();
  const item = { kind: "order", host: "x1", rollout: "r2", number: 1 } as const;
  assert.deepEqual(played.step(4, { kind: "delivered", item, delivery: 8 }), ["read order.x1"]);
  const entry = { value: orderOf({ status: "taken", token: 1 }), revision: 2, storedAt: 0 };
  assert.deepEqual(played.step(5, { kind: "read", key: order, entry }), ["ack 8"]);
});

test("stepHostRunner() goes on with the order of a runner that is gone, in its own name", () => {
  const played = new Played();
  played.step(0, changed(claim, { holder: undefined, token: 4 }, 9));
  played.step(1, stored(played.commands[0], 10));
  played.step(2, changed(order, orderOf({ status: "taken", token: 4 }), 3));
  assert.deepEqual(played.find("put").value, orderOf({ status: "taken", token: 5 }));
  played.step(3, stored(played.commands[0], 4));
  assert.equal(played.find("work").token, 5);
});

test("stepHostRunner() stops its work when it is told to, or is not sure to serve the host any more", () => {
  const played = working();
  const stop = changed(order, orderOf({ status: "taken", token: 1, isStopped: true }), 3);
  assert.deepEqual(played.step(4, stop), ["stop-work x1"]);
  assert.deepEqual(working().step(30_001), ["stop-work x1"]);
});

test("stepHostRunner() does not take a stop of its own for the end of the order", () => {
  const played = working();
  assert.deepEqual(played.step(4, ended("stopped")), ["work x1"]);
  const told = working();
  told.step(4, changed(order, orderOf({ status: "taken", token: 1, isStopped: true }), 3));
  assert.deepEqual(told.step(5, ended("stopped")), ["put facts.x1"]);
});

test("stepHostRunner() tries again what is busy or does not answer, after a while", () => {
  for (const kind of ["busy", "unreachable"] as const) {
    const played = working();
    assert.deepEqual(played.step(4, worked({ kind })), [], kind);
    assert.deepEqual(played.step(2003), [], kind);
    assert.deepEqual(played.step(2004), ["work x1"], kind);
  }
});

test("stepHostRunner() asks the store whether the host is still its own, when that has seen a later token", () => {
  const played = working();
  assert.deepEqual(played.step(4, worked({ kind: "fenced", seen: 8 })), ["put claim.host/x1"]);
  assert.deepEqual(played.find("put").value, { holder: "me", token: 9 });
});

test("stepHostRunner() drops what it saw when somebody has written later facts meanwhile", () => {
  const played = serving();
  played.state = { ...played.state, lookAt: 0 };
  assert.deepEqual(played.step(2), ["look x1"]);
  const later = { ...shows(TO), token: 1, fault: undefined, asked: 0 };
  played.step(3, changed({ kind: "facts", name: "x1" }, later, 5));
  played.step(4, { kind: "looked", host: "x1", shows: shows(FROM), fault: undefined });
  assert.equal(played.find("put").expected, 0);
});

test("stepHostRunner() gives messages back to the queue while another one serves the host", () => {
  const played = new Played();
  const other = changed(claim, { holder: "other", token: 1 }, 1);
  assert.deepEqual(played.step(0, other), ["read session.other"]);
  const item = { kind: "order", host: "x1", rollout: "r1", number: 1 } as const;
  assert.ok(played.step(1, { kind: "delivered", item, delivery: 3 }).includes("nak 3"));
});
