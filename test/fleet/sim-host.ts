// A simulated host: what it runs, who works on it, and the two things that every host has to do for the fleet: one
// at a time, and nobody with an older token than the newest it has seen. (On a real one: the lock and the journal
// in its dom0.)

import type { Order, Shows } from "../../src/fleet/records.ts";
import type { WorkResult } from "../../src/fleet/runner-events.ts";
import { type Stack, sameStack } from "../../src/fleet/stack.ts";
import type { Clockwork } from "./clockwork.ts";

/** Somebody who works on a host: a program in a runner, with its connection. */
export interface Worker {
  readonly order: Order;
  readonly token: number;
  /** Its runner lives, and reaches the host. */
  readonly isConnected: () => boolean;
  readonly end: (result: WorkResult) => void;
  isStopped: boolean;
}

export interface HostHooks {
  readonly locked: (host: SimHost, worker: Worker) => void;
  readonly unlocked: (host: SimHost, worker: Worker) => void;
}

/** What is wrong with a host by itself. */
export type Flaw = "none" | "step-fails" | "astray" | "lies-at-work" | "lies-when-asked";

const STEP_MS = 3000;

export class SimHost {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly #clockwork: Clockwork;
  readonly #hooks: HostHooks;
  readonly before: Stack;
  stack: Stack;
  xenBuildId = "aa";
  boot = 1;
  flaw: Flaw = "none";
  isGone = false;
  /** By the simulation's clock: since when it shows what it shows. */
  changedAt = 0;
  /** Something befell it that no roll-out did. */
  isDisturbed = false;
  seenToken = 0;
  holder: Worker | undefined;
  /** For the tests of the simulation. */
  admitsOldTokens = false;
  admitsSeveral = false;

  constructor(
    id: string,
    labels: SimHost["labels"],
    before: Stack,
    clockwork: Clockwork,
    hooks: HostHooks,
  ) {
    this.id = id;
    this.labels = labels;
    this.before = before;
    this.stack = before;
    this.#clockwork = clockwork;
    this.#hooks = hooks;
  }

  shows(): Shows {
    return { xenBuildId: this.xenBuildId, bootId: String(this.boot), stack: this.stack };
  }

  looked(): Shows {
    if (this.flaw !== "lies-when-asked") return this.shows();
    return { ...this.shows(), stack: ["something@else"] };
  }

  reboot(xenBuildId: string): void {
    this.boot++;
    this.xenBuildId = xenBuildId;
    this.#become([]);
    this.isDisturbed = true;
    if (this.holder !== undefined) this.#unlock(this.holder);
  }

  work(worker: Worker): void {
    if (worker.token < this.seenToken && !this.admitsOldTokens) {
      worker.end({ kind: "fenced", seen: this.seenToken });
      return;
    }
    this.seenToken = Math.max(this.seenToken, worker.token);
    if (this.holder !== undefined && !this.admitsSeveral) {
      worker.end({ kind: "busy" });
      return;
    }
    this.holder = worker;
    this.#hooks.locked(this, worker);
    const { goal } = worker.order;
    const way = wayOf(goal.from, goal.to);
    const place = way.findLastIndex((stack) => sameStack(stack, this.stack));
    if (goal.xenBuildId !== this.xenBuildId || place < 0) {
      this.#finish(worker, "changed", "it is not what the plan was made for");
      return;
    }
    this.#go(worker, way, place, this.boot);
  }

  #go(worker: Worker, way: readonly Stack[], place: number, boot: number): void {
    if (boot !== this.boot) {
      // It has rebooted meanwhile; the lock went with it.
      this.#finish(worker, "astray", "it has rebooted in the middle");
    } else if (place === way.length - 1) {
      this.#finish(worker, "done", undefined);
    } else if (worker.isStopped) {
      this.#finish(worker, "stopped", "as asked");
    } else {
      this.#clockwork.after(200 + this.#clockwork.dice(STEP_MS), () => {
        if (this.holder !== worker && boot === this.boot && !this.admitsSeveral) return;
        if (!worker.isConnected()) return this.#abandon(worker);
        this.#step(worker, way, place + 1, boot);
      });
    }
  }

  #step(worker: Worker, way: readonly Stack[], place: number, boot: number): void {
    if (boot === this.boot) {
      const isForward = worker.order.number === 1;
      if (this.flaw === "step-fails" && isForward) {
        this.#become(worker.order.goal.from);
        this.#finish(worker, "returned", "a step failed");
        return;
      }
      if (this.flaw === "lies-at-work" && isForward) {
        this.#finish(worker, "done", undefined);
        return;
      }
      this.#become(way[place] ?? this.stack);
      if (this.flaw === "astray" && isForward && place < way.length - 1) {
        this.#finish(worker, "astray", "a step failed, and so did the way back");
        return;
      }
    }
    this.#go(worker, way, place, boot);
  }

  /** Its runner is gone: the host notices after a while, and lets go of the lock between two steps. */
  #abandon(worker: Worker): void {
    this.#clockwork.after(this.#clockwork.dice(5000), () => {
      if (this.holder === worker) this.#unlock(worker);
      worker.end({ kind: "unreachable" });
    });
  }

  #finish(
    worker: Worker,
    outcome: NonNullable<Order["outcome"]>,
    reason: string | undefined,
  ): void {
    const shows = this.shows();
    const told = this.flaw === "lies-at-work" ? { ...shows, stack: worker.order.goal.to } : shows;
    if (this.holder === worker) this.#unlock(worker);
    worker.end({ kind: "ended", outcome, reason, shows: told });
  }

  #unlock(worker: Worker): void {
    this.holder = undefined;
    this.#hooks.unlocked(this, worker);
  }

  #become(stack: Stack): void {
    this.stack = stack;
    this.changedAt = this.#clockwork.now;
  }
}

/** Each state between two steps: payloads are reverted from the top, then applied from the bottom. */
function wayOf(from: Stack, to: Stack): readonly Stack[] {
  let common = 0;
  while (common < from.length && from[common] === to[common]) common++;
  const down = Array.from({ length: from.length - common + 1 }, (_, left) =>
    from.slice(0, from.length - left),
  );
  const up = Array.from({ length: to.length - common }, (_, more) =>
    to.slice(0, common + more + 1),
  );
  return [...down, ...up];
}
