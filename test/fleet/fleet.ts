// A whole simulated fleet: hosts, two runners, two controllers, a store, a queue, and somebody who judges.

import { newControllerProcess, stepControllerProcess } from "../../src/fleet/controller-process.ts";
import type { RolloutPlan } from "../../src/fleet/rollout-plan.ts";
import { hasLostSession, newRunner, stepRunner } from "../../src/fleet/runner.ts";
import { isEnded } from "../../src/fleet/sessions.ts";
import type { Command } from "../../src/fleet/store.ts";
import type { Clockwork } from "./clockwork.ts";
import { Judge } from "./judge.ts";
import { type Scenario, TTL_MS } from "./scenario.ts";
import { SimHost, type Worker } from "./sim-host.ts";
import { type Machine, type ProcessHooks, SimProcess } from "./sim-process.ts";
import { SimQueue, SimStore, type Written } from "./sim-store.ts";

const UNREACHABLE_MS = 3000;
const runnerSettings = { lookEveryMs: 30_000, retryMs: 2000, graceMs: 10_000, ttlMs: TTL_MS };
const controllerSettings = { resendMs: 5000, ttlMs: TTL_MS };
const ofRunners = new Set(["session", "claim", "order", "facts"]);

export class Fleet {
  readonly clockwork: Clockwork;
  readonly scenario: Scenario;
  readonly store: SimStore;
  readonly queue: SimQueue;
  readonly hosts: ReadonlyMap<string, SimHost>;
  readonly processes: readonly SimProcess[];
  readonly judge: Judge;
  /** `PROCESS/HOST` of which the network is down. */
  readonly cuts = new Set<string>();
  /** How many commands a process may still give until it is killed. */
  readonly deaths = new Map<SimProcess, { left: number; readonly when: "before" | "behind" }>();
  /** What it was about to do when it was killed. */
  readonly killedAt: string[] = [];
  /** For the tests of the simulation: changes what processes do. */
  readonly #twist: (command: Command) => Command | undefined;
  readonly #workers = new Map<string, Worker>();

  constructor(
    clockwork: Clockwork,
    scenario: Scenario,
    twist: (command: Command) => Command | undefined,
  ) {
    this.clockwork = clockwork;
    this.scenario = scenario;
    this.#twist = twist;
    this.store = new SimStore(clockwork);
    const hooks = {
      locked: (host: SimHost, worker: Worker) => this.judge.onLocked(host, worker),
      unlocked: (host: SimHost, worker: Worker) => this.judge.onUnlocked(host, worker),
    };
    this.hosts = new Map(
      scenario.hosts.map(({ id, labels, before, flaw }) => {
        const host = new SimHost(id, labels, before, clockwork, hooks);
        host.flaw = flaw;
        return [id, host];
      }),
    );
    this.judge = new Judge(clockwork, this.store, scenario, this.hosts);
    this.processes = scenario.clocks.map((clock, index) => {
      const isRunner = index < scenario.runners;
      const make = isRunner ? this.#makeRunner : makeController;
      const name = isRunner ? `runner${index}` : `controller${index - scenario.runners}`;
      return new SimProcess(name, clockwork, this.store, clock, make, this.#hooks);
    });
    this.queue = new SimQueue(clockwork, () => {
      const runner = this.processes[clockwork.dice(scenario.runners)];
      if (runner === undefined || !runner.isAlive || runner.isCutOff || this.store.isAway)
        return undefined;
      return (item, delivery) => runner.receive({ kind: "delivered", item, delivery });
    });
  }

  /** As somebody does who starts a roll-out. */
  startRollouts(twist: (rules: RolloutPlan["rules"]) => Partial<RolloutPlan["rules"]>): void {
    for (const planned of this.scenario.plans) {
      const plan = { ...planned, rules: { ...planned.rules, ...twist(planned.rules) } };
      this.store.put({ kind: "plan", name: plan.id }, plan, 0);
      const nothing = { wave: 0, since: undefined, after: undefined, reason: undefined };
      this.store.put(
        { kind: "rollout", name: plan.id },
        { token: 0, phase: "queued", ...nothing },
        0,
      );
    }
    for (const process of this.processes) process.start();
  }

  resync(): void {
    for (const process of this.processes) process.resync();
  }

  get #hooks(): ProcessHooks {
    return {
      perform: (process, command) => {
        const twisted = this.#twist(command);
        if (twisted !== undefined) this.#perform(process, twisted);
      },
      killsAt: (process, command) => {
        const death = this.deaths.get(process);
        if (death === undefined || death.left-- > 0) return undefined;
        this.deaths.delete(process);
        const what = command.kind === "put" ? `put ${command.key.kind}` : command.kind;
        this.killedAt.push(`${process.name.replace(/\d/, "")}: ${what}`);
        return death.when;
      },
    };
  }

  #perform(process: SimProcess, command: Command): void {
    const { clockwork, queue } = this;
    switch (command.kind) {
      case "send":
        if (!process.isCutOff && !this.store.isAway && !this.store.isFull) queue.send(command.item);
        return;
      case "ack":
        if (!process.isCutOff) queue.acknowledge(command.delivery);
        return;
      case "nak":
        if (!process.isCutOff) queue.refuse(command.delivery);
        return;
      case "look":
        this.#look(process, command.host);
        return;
      case "work":
        this.#work(process, command);
        return;
      case "stop-work": {
        const worker = this.#workers.get(`${process.name}/${command.host}`);
        if (worker !== undefined) worker.isStopped = true;
        return;
      }
      case "check": {
        const { rollout, wave } = command;
        const isFirst = rollout === this.scenario.plans[0]?.id;
        const isBad = isFirst && this.scenario.badCheck === wave;
        if (!isBad) this.judge.passedChecks.add(`${rollout}/${wave}`);
        const { life } = process;
        const event = { kind: "checked", rollout, verdict: isBad ? "failed" : "passed" };
        clockwork.after(100 + clockwork.dice(5000), () => process.receive(event, life));
        return;
      }
      default:
        return;
    }
  }

  #look(process: SimProcess, id: string): void {
    const { clockwork } = this;
    const { life } = process;
    const host = this.hosts.get(id);
    const answer = (shows: unknown) => {
      process.receive({ kind: "looked", host: id, shows, fault: undefined }, life);
    };
    clockwork.after(20 + clockwork.dice(200), () => {
      if (host === undefined || host.isGone || this.cuts.has(`${process.name}/${id}`)) {
        clockwork.after(UNREACHABLE_MS, () => answer(undefined));
        return;
      }
      // What it sees now arrives later, when it may be old.
      const shows = host.looked();
      clockwork.after(clockwork.dice(20) === 0 ? clockwork.dice(20_000) : 20, () => answer(shows));
    });
  }

  #work(
    process: SimProcess,
    { host: id, order, token }: Extract<Command, { readonly kind: "work" }>,
  ): void {
    const { clockwork } = this;
    const { life } = process;
    const host = this.hosts.get(id);
    // It is a program of its own: it goes on while its runner stands still, and for a while when that is dead.
    const orphanMs = clockwork.dice(2) * clockwork.dice(120_000);
    const isConnected = () => {
      const isRunning =
        (process.isAlive && process.life === life) || clockwork.now < process.diedAt + orphanMs;
      return (
        isRunning && host !== undefined && !host.isGone && !this.cuts.has(`${process.name}/${id}`)
      );
    };
    let hasEnded = false;
    const worker: Worker = {
      order,
      token,
      isConnected,
      isStopped: order.isStopped,
      end: (result) => {
        if (hasEnded) return;
        hasEnded = true;
        clockwork.after(20, () => process.receive({ kind: "worked", host: id, result }, life));
      },
    };
    this.#workers.set(`${process.name}/${id}`, worker);
    // Now and then a program takes its time to start: by then it may have been replaced.
    const startMs = clockwork.dice(12) === 0 ? clockwork.dice(120_000) : clockwork.dice(300);
    clockwork.after(startMs, () => {
      if (host !== undefined && isConnected()) host.work(worker);
      else clockwork.after(UNREACHABLE_MS, () => worker.end({ kind: "unreachable" }));
    });
  }

  readonly #makeRunner = (session: string, now: number): Machine<never> => {
    let state = newRunner(session, this.hosts.keys(), runnerSettings, now);
    return {
      step: (events, at) => {
        const stepped = stepRunner(state, events, at);
        state = stepped.state;
        return stepped.commands;
      },
      watches: ({ key }: Written) => ofRunners.has(key.kind),
      isOver: () => hasLostSession(state),
    };
  };
}

function makeController(session: string): Machine<never> {
  let state = newControllerProcess(session, controllerSettings);
  return {
    step: (events, at) => {
      const stepped = stepControllerProcess(state, events, at);
      state = stepped.state;
      return stepped.commands;
    },
    watches: () => true,
    isOver: () => isEnded(state.sessions),
  };
}
