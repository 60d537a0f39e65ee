// A runner or controller as a process: a state machine, a clock of its own, a network that delays, loses and doubles,
// and a death that may come before or after any command.

import type { Command, StoreEvent } from "../../src/fleet/store.ts";
import type { Clockwork } from "./clockwork.ts";
import type { SimStore, Written } from "./sim-store.ts";

const TICK_MS = 10_000;
const TIMEOUT_MS = 2500;
/** What comes within this is taken together. */
const BATCH_MS = 150;

/** The pure part, whichever it is. */
export interface Machine<Event> {
  /** Several events at once, as they have come. */
  readonly step: (
    events: readonly (Event | { readonly kind: "tick" })[],
    now: number,
  ) => readonly Command[];
  readonly watches: (written: Written) => boolean;
  /** Its session was ended by others. */
  readonly isOver: () => boolean;
}

export interface ProcessHooks {
  /** All but what goes to the store. */
  readonly perform: (process: SimProcess, command: Command) => void;
  /** @returns whether it is killed now, before the command has left it, or behind it */
  readonly killsAt: (process: SimProcess, command: Command) => "before" | "behind" | undefined;
}

export class SimProcess {
  readonly name: string;
  /** Of each life: what an earlier one has asked for is not answered to the next. */
  life = 0;
  isAlive = false;
  /** Stopped by a signal, or by its machine; it goes on where it was. */
  pausedUntil = 0;
  isCutOff = false;
  /** What it sends takes its time. */
  isSlow = false;
  diedAt = 0;
  readonly #clockwork: Clockwork;
  readonly #store: SimStore;
  readonly #hooks: ProcessHooks;
  readonly #make: (session: string, now: number) => Machine<never>;
  readonly #clock: { readonly offset: number; readonly rate: number };
  #machine: Machine<never> | undefined;
  #inbox: unknown[] = [];
  #isFlushing = false;

  constructor(
    name: string,
    clockwork: Clockwork,
    store: SimStore,
    clock: { readonly offset: number; readonly rate: number },
    make: (session: string, now: number) => Machine<never>,
    hooks: ProcessHooks,
  ) {
    this.name = name;
    this.#clockwork = clockwork;
    this.#store = store;
    this.#clock = clock;
    this.#make = make;
    this.#hooks = hooks;
    store.listen((written) => this.#onWrite(written));
  }

  get #now(): number {
    return this.#clockwork.now * this.#clock.rate + this.#clock.offset;
  }

  start(): void {
    if (this.isAlive) return;
    this.life++;
    this.isAlive = true;
    this.#inbox = [];
    this.#machine = this.#make(`${this.name}-${this.life}`, this.#now);
    this.resync();
    this.#tick(this.life);
  }

  kill(restartMs: number): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    this.diedAt = this.#clockwork.now;
    this.#clockwork.tell(() => `${this.name} dies`);
    this.#clockwork.after(restartMs, () => this.start());
  }

  /** A watch begins anew with everything there is. */
  resync(): void {
    if (this.isCutOff || this.#store.isAway) return;
    for (const written of this.#store.entries.values()) {
      if (this.#machine?.watches(written)) this.receive({ kind: "changed", ...written });
    }
  }

  receive(event: unknown, life = this.life): void {
    if (!this.isAlive || life !== this.life) return;
    this.#inbox.push(event);
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    const wait = Math.max(this.pausedUntil - this.#clockwork.now, this.#clockwork.dice(BATCH_MS));
    this.#clockwork.after(wait, () => this.#flush());
  }

  #tick(life: number): void {
    if (!this.isAlive || life !== this.life) return;
    this.receive({ kind: "tick" });
    this.#clockwork.after(TICK_MS, () => this.#tick(life));
  }

  #flush(): void {
    this.#isFlushing = false;
    if (!this.isAlive || this.#machine === undefined) return;
    if (this.pausedUntil > this.#clockwork.now) {
      this.#isFlushing = true;
      this.#clockwork.after(this.pausedUntil - this.#clockwork.now, () => this.#flush());
      return;
    }
    const events = this.#inbox;
    this.#inbox = [];
    const commands = this.#machine.step(events as never, this.#now);
    for (const command of commands) {
      const death = this.#hooks.killsAt(this, command);
      if (death !== "before") this.#perform(command);
      if (death !== undefined) {
        this.kill(500 + this.#clockwork.dice(40_000));
        return;
      }
    }
    if (this.#machine.isOver()) this.kill(100);
  }

  #perform(command: Command): void {
    if (command.kind === "put" || command.kind === "read") this.#ask(command);
    else this.#hooks.perform(this, command);
  }

  #ask(command: Extract<Command, { readonly kind: "put" | "read" }>): void {
    const { dice } = this.#clockwork;
    const { life } = this;
    const { key } = command;
    const answer = (event: StoreEvent) => this.receive(event, life);
    const giveUp = () => {
      this.#clockwork.after(TIMEOUT_MS, () => answer({ kind: "refused", key, why: "unavailable" }));
    };
    // Now and then it arrives long after its sender has given up, or even died.
    const isLost = this.isCutOff && dice(3) > 0;
    if (isLost) {
      giveUp();
      return;
    }
    const isOnItsWay = this.isCutOff || dice(this.isSlow ? 3 : 80) === 0;
    const latency = isOnItsWay ? dice(60_000) : 1 + dice(30);
    const isLate = latency > TIMEOUT_MS;
    if (isLate) giveUp();
    this.#clockwork.after(latency, () => {
      const event = this.#store.isAway ? undefined : this.#serve(command);
      if (isLate) return;
      const isReplyLost = this.isCutOff || dice(100) === 0;
      if (event === undefined || isReplyLost) giveUp();
      else this.#clockwork.after(1 + dice(30), () => answer(event));
    });
  }

  #serve(command: Extract<Command, { readonly kind: "put" | "read" }>): StoreEvent {
    const { key } = command;
    if (command.kind === "read") {
      const entry = this.#store.entries.get(`${key.kind}.${key.name}`)?.entry;
      return { kind: "read", key, entry };
    }
    // A full disk says so; it is the same to whoever asks.
    if (this.#store.isFull) return { kind: "refused", key, why: "unavailable" };
    const entry = this.#store.put(key, command.value, command.expected);
    if (entry === undefined) return { kind: "refused", key, why: "conflict" };
    return { kind: "stored", key, entry };
  }

  #onWrite(written: Written): void {
    if (!this.isAlive || this.isCutOff || !this.#machine?.watches(written)) return;
    const { dice } = this.#clockwork;
    const latency = dice(60) === 0 ? dice(15_000) : 1 + dice(40);
    const { life } = this;
    const event = { kind: "changed", ...written };
    this.#clockwork.after(latency, () => this.receive(event, life));
    if (dice(60) === 0) this.#clockwork.after(dice(20_000), () => this.receive(event, life));
  }
}
