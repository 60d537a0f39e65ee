// The machine as one process sees it: over a connection that breaks, for as long as it lives.

import type { CallOptions } from "../../src/host/call-options.ts";
import { HostError } from "../../src/host/errors.ts";
import type {
  Action,
  ActOptions,
  ActOutcome,
  ConsoleText,
  HostInfo,
  ListedPayload,
  LivepatchHost,
  PayloadStatus,
} from "../../src/host/host.ts";
import type { JournalStore } from "../../src/host/journal-store.ts";
import { settledState } from "../../src/host/settled-state.ts";
import { act } from "../../src/hosts/action/act.ts";
import type { ActTarget } from "../../src/hosts/action/target.ts";
import { queryRefused, uploadRefused } from "../../src/hosts/explain/refusals.ts";
import { parsePayload } from "../../src/payload/parse.ts";
import { factsOfPayload } from "../../src/plan/facts.ts";
import { type Journalled, JournalledHost } from "../../src/plan/journalled-host.ts";
import { Errno } from "../../src/xen-abi/errno.ts";
import { Killed } from "../sync/sync-host.ts";
import type { Luck } from "./luck.ts";
import type { Actor, Machine } from "./machine.ts";

export interface ProcessSurroundings {
  readonly machine: Machine;
  readonly by: Actor;
  readonly luck: Luck;
  /** Somebody else does something, right now. */
  readonly onStranger: () => Promise<void>;
  /** ^C. */
  readonly onInterrupt: () => void;
}

export class ProcessHost implements LivepatchHost {
  readonly label = "the simulated host";
  readonly capabilities = { timeLimit: true, noDependencies: true, console: true, metadata: true };
  readonly journal: JournalStore;
  isDead = false;
  readonly #around: ProcessSurroundings;
  #callsOfOutage = 0;

  constructor(around: ProcessSurroundings) {
    this.#around = around;
    const { machine } = around;
    this.journal = {
      read: (options) => this.#call(options, () => machine.journal, noPlace),
      write: (text, options) => this.#call(options, () => machine.write(text), noPlace),
      setAside: (_, options) => this.#call(options, () => machine.setAside(), noPlace),
    };
  }

  async lock(options: CallOptions): Promise<AsyncDisposable | undefined> {
    const { machine } = this.#around;
    const take = () => {
      if (machine.lockedBy !== undefined) return undefined;
      machine.lockedBy = this;
      return { [Symbol.asyncDispose]: async () => this.#unlock() };
    };
    try {
      return await this.#ask(options, take);
    } catch (error) {
      // The session that was to hold it ends with the attempt.
      this.#unlock();
      throw error;
    }
  }

  info(options: CallOptions): Promise<HostInfo> {
    return this.#ask(options, () => this.#around.machine.info());
  }

  list(options: CallOptions): Promise<readonly ListedPayload[]> {
    return this.#ask(options, () => this.#around.machine.list());
  }

  status(name: string, options: CallOptions): Promise<PayloadStatus | undefined> {
    return this.#ask(options, () => this.#around.machine.status(name));
  }

  async upload(name: string, payload: Uint8Array, options: CallOptions): Promise<void> {
    const { machine, by } = this.#around;
    const errno = await this.#call(options, () => machine.upload(name, payload, by), noMemory);
    if (errno === 0) return;
    const nameTaken = errno === Errno.EEXIST && machine.status(name) !== undefined;
    throw uploadRefused(this.label, { name, errno, nameTaken, console: "" });
  }

  async act(action: Action, name: string, options: ActOptions): Promise<ActOutcome> {
    const { machine, by, luck } = this.#around;
    const target: ActTarget = {
      label: this.label,
      status: (other) => this.status(other, options),
      appliedNames: async () =>
        (await this.list(options))
          .filter(({ status }) => settledState(status) === "applied")
          .map((listed) => listed.name),
      start: (request) =>
        this.#call(options, () => machine.start(request, by, luck.rendezvous()), noMemory),
      watchConsole: async () => {
        const from = machine.model.console.length;
        return async () => machine.consoleFrom(from);
      },
    };
    return act(target, { action, name }, options, machine);
  }

  async console(): Promise<ConsoleText> {
    return { text: "", mark: { kind: "index", index: 0 }, lost: false };
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** The kernel lets go of what a dead process has locked. */
  die(): never {
    this.isDead = true;
    this.#unlock();
    throw new Killed();
  }

  #unlock(): void {
    const { machine } = this.#around;
    if (machine.lockedBy === this) machine.lockedBy = undefined;
  }

  #ask<Answer>(options: CallOptions, work: () => Answer): Promise<Answer> {
    return this.#call(options, work, notAllowed);
  }

  /** @param refused what comes of it when the host says no this once */
  async #call<Answer>(
    { signal }: CallOptions,
    work: () => Answer,
    refused: () => Answer,
  ): Promise<Answer> {
    if (this.isDead) throw new Killed();
    signal?.throwIfAborted();
    const { luck, machine, onStranger, onInterrupt } = this.#around;
    machine.pass();
    if (this.#callsOfOutage > 0) {
      this.#callsOfOutage--;
      throw this.#lost();
    }
    switch (luck.mishap()) {
      case undefined:
        return work();
      case "death":
        return this.die();
      case "death-behind":
        work();
        return this.die();
      case "lost-request":
        throw this.#lost();
      case "lost-answer":
        work();
        throw this.#lost();
      case "outage":
        this.#callsOfOutage = luck.below(30);
        throw this.#lost();
      case "refusal":
        return refused();
      case "stranger":
        await onStranger();
        return work();
      case "interrupt":
        onInterrupt();
        return work();
      case "reboot":
        machine.reboot();
        // A process of that dom0, or one that comes from outside.
        if (luck.below(2) === 0) return this.die();
        this.#callsOfOutage = luck.below(4);
        throw this.#lost();
    }
  }

  #lost(): HostError {
    const code = this.#around.luck.below(2) === 0 ? "host/timeout" : "host/unreachable";
    return new HostError({ code, problem: `Cannot reach ${this.label}: no answer` });
  }
}

/** As the command line has it. */
export function journalled(host: ProcessHost): Journalled {
  return JournalledHost.around(host, {
    now: () => new Date("2026-01-01T00:00:00Z"),
    factsOf: (bytes, name) => factsOfPayload(parsePayload(bytes, name)),
    onTrouble: (error) => {
      if (!(error instanceof Killed || error instanceof HostError)) throw error;
    },
    onSetAside: () => {},
  });
}

function noPlace(): never {
  throw new HostError({ code: "host/journal", problem: "Cannot keep the journal: disk full" });
}

function notAllowed(): never {
  throw queryRefused("the simulated host", "look at it", Errno.ENOMEM);
}

function noMemory(): number {
  return Errno.ENOMEM;
}
