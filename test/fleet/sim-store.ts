// A store and a queue as JetStream gives them: compare-and-set for each key, and messages that come at least once.
// It may be away, or refuse to write; what it has acknowledged it keeps.

import type { Records } from "../../src/fleet/store.ts";
import { type Entry, type Key, type Kind, keyText, type WorkItem } from "../../src/fleet/store.ts";
import type { Clockwork } from "./clockwork.ts";

/** Its clock has nothing to do with that of others. */
const CLOCK_OFFSET = 1_000_000_000;

export interface Written {
  readonly key: Key;
  readonly entry: Entry;
}

export class SimStore {
  readonly #clockwork: Clockwork;
  readonly entries = new Map<string, Written>();
  /** Called for each write. */
  readonly #listeners: ((written: Written) => void)[] = [];
  isAway = false;
  isFull = false;
  /** For the test of the simulation: writes whatever the revision is. */
  ignoresRevisions = false;

  constructor(clockwork: Clockwork) {
    this.#clockwork = clockwork;
  }

  get time(): number {
    return this.#clockwork.now + CLOCK_OFFSET;
  }

  listen(listener: (written: Written) => void): void {
    this.#listeners.push(listener);
  }

  get<Of extends Kind>(kind: Of, name: string): Entry<Records[Of]> | undefined {
    return this.entries.get(`${kind}.${name}`)?.entry as Entry<Records[Of]> | undefined;
  }

  /** @returns undefined for a conflict */
  put(key: Key, value: unknown, expected: number): Entry | undefined {
    const text = keyText(key);
    const revision = this.entries.get(text)?.entry.revision ?? 0;
    if (revision !== expected && !this.ignoresRevisions) return undefined;
    const entry = { value, revision: revision + 1, storedAt: this.time };
    const written = { key, entry };
    this.entries.set(text, written);
    for (const listener of this.#listeners) listener(written);
    return entry;
  }
}

interface Message {
  readonly item: WorkItem;
  isDone: boolean;
  /** How often it was sent out: only the last time counts for the next one. */
  count: number;
}

const ACK_WAIT_MS = 20_000;
const NAK_WAIT_MS = 4_000;

/** Whoever takes a message and dies has not acknowledged it. */
export class SimQueue {
  readonly #clockwork: Clockwork;
  readonly #pick: () => ((item: WorkItem, delivery: number) => void) | undefined;
  readonly #messages: Message[] = [];

  constructor(
    clockwork: Clockwork,
    pick: () => ((item: WorkItem, delivery: number) => void) | undefined,
  ) {
    this.#clockwork = clockwork;
    this.#pick = pick;
  }

  send(item: WorkItem): void {
    const { dice } = this.#clockwork;
    const delivery = this.#messages.push({ item, isDone: false, count: 0 }) - 1;
    this.#deliver(delivery);
    // Twice, and the second one late.
    if (dice(12) === 0) this.#clockwork.after(dice(60_000), () => this.#hand(delivery));
  }

  acknowledge(delivery: number): void {
    const message = this.#messages[delivery];
    if (message !== undefined) message.isDone = true;
  }

  refuse(delivery: number): void {
    this.#redeliver(delivery, NAK_WAIT_MS);
  }

  #deliver(delivery: number): void {
    this.#clockwork.after(1 + this.#clockwork.dice(50), () => this.#hand(delivery));
    this.#redeliver(delivery, ACK_WAIT_MS);
  }

  #redeliver(delivery: number, waitMs: number): void {
    const message = this.#messages[delivery];
    if (message === undefined || message.isDone) return;
    const count = ++message.count;
    this.#clockwork.after(waitMs, () => {
      if (!message.isDone && message.count === count) this.#deliver(delivery);
    });
  }

  #hand(delivery: number): void {
    const message = this.#messages[delivery];
    if (message !== undefined) this.#pick()?.(message.item, delivery);
  }
}
