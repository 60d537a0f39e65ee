// A host on which things go wrong at a chosen moment, and what a sync needs to be tried on it.

import type { CallOptions } from "../../src/host/call-options.ts";
import { HostError } from "../../src/host/errors.ts";
import type {
  Action,
  ActOptions,
  ActOutcome,
  ConsoleMark,
  HostInfo,
  ListedPayload,
  LivepatchHost,
  PayloadStatus,
} from "../../src/host/host.ts";
import type { JournalStore } from "../../src/host/journal-store.ts";
import { ModelHost } from "../../src/hosts/model.ts";
import { parsePayload } from "../../src/payload/parse.ts";
import { mayIgnoreDependency } from "../../src/payload/stacking.ts";
import { factsOfPayload } from "../../src/plan/facts.ts";
import { type Journalled, JournalledHost } from "../../src/plan/journalled-host.ts";
import type { PlanStep } from "../../src/plan/plan-form.ts";
import type { Wish } from "../../src/plan/wish.ts";
import type { SyncReport } from "../../src/sync/report.ts";
import { type SyncOptions, syncHost } from "../../src/sync/sync.ts";
import type { SyncFile } from "../../src/sync/sync-file.ts";
import { syntheticModel } from "../../src/xen-model/synthetic.test.support.ts";
import type { MadePayload } from "../plan-payloads.ts";

export const call = { deadlineMs: 60_000 };

/** What becomes of one upload or action. */
export type Fault =
  | "refused"
  /** No answer, and nothing happened. */
  | "lost-request"
  /** It happened, and no answer came. */
  | "lost-answer";

export interface Misfortune {
  /** Counts uploads and actions of the forward way, from 0 on. */
  readonly atChange?: { readonly index: number; readonly fault: Fault };
  /**
   * The process dies before this upload, action or writing of the journal; 0 is the first. Deaths
   * in between leave the same behind.
   */
  readonly deathAtEffect?: number;
}

/** Whoever is dead does nothing any more; that the exception is caught changes nothing. */
export class Killed extends Error {}

export class TryingHost implements LivepatchHost {
  readonly inner: ModelHost;
  readonly label: string;
  readonly capabilities: LivepatchHost["capabilities"];
  readonly journal: JournalStore;
  readonly #misfortune: Misfortune;
  effects = 0;
  changes = 0;

  constructor(inner: ModelHost, misfortune: Misfortune = {}) {
    this.inner = inner;
    this.label = inner.label;
    this.capabilities = inner.capabilities;
    this.#misfortune = misfortune;
    this.journal = {
      read: async () => {
        this.#live();
        return inner.journal.read();
      },
      write: async (text) => {
        this.#dieIfItIsTime();
        return inner.journal.write(text);
      },
      setAside: async (what) => {
        this.#dieIfItIsTime();
        return inner.journal.setAside(what);
      },
    };
  }

  async info(): Promise<HostInfo> {
    this.#live();
    return this.inner.info();
  }

  async list(): Promise<readonly ListedPayload[]> {
    this.#live();
    return this.inner.list();
  }

  async status(name: string): Promise<PayloadStatus | undefined> {
    this.#live();
    return this.inner.status(name);
  }

  async upload(name: string, payload: Uint8Array, _: CallOptions): Promise<void> {
    await this.#change(() => this.inner.upload(name, payload));
  }

  async act(action: Action, name: string, options: ActOptions): Promise<ActOutcome> {
    return this.#change(() => this.inner.act(action, name, options));
  }

  async console(since: ConsoleMark | undefined): ReturnType<LivepatchHost["console"]> {
    this.#live();
    return this.inner.console(since);
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #live(): void {
    if (this.effects > this.#lifetime) throw new Killed();
  }

  #dieIfItIsTime(): void {
    if (this.effects++ >= this.#lifetime) throw new Killed();
  }

  get #lifetime(): number {
    return this.#misfortune.deathAtEffect ?? Number.POSITIVE_INFINITY;
  }

  async #change<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#dieIfItIsTime();
    const { atChange } = this.#misfortune;
    if (this.changes++ !== atChange?.index) return work();
    if (atChange.fault === "lost-answer") await work();
    throw new HostError({
      code: atChange.fault === "refused" ? "host/refused" : "host/timeout",
      problem: `Cannot do that: ${atChange.fault}`,
    });
  }
}

export const namesOf = (payloads: readonly MadePayload[]): string[] =>
  payloads.map(({ name }) => name);

export const loadedOn = ({ model }: ModelHost): string[] => model.list().map(({ name }) => name);

export function exactly(...payloads: readonly MadePayload[]): Wish {
  return { kind: "apply-exactly", payloads };
}

export function syncFileOf(made: MadePayload): SyncFile {
  return { ...made, payload: parsePayload(made.bytes, made.source) };
}

/** A host on which these are applied, in this order, by somebody who keeps the journal. */
export async function hostWith(stack: readonly MadePayload[]): Promise<ModelHost> {
  const inner = new ModelHost(syntheticModel());
  const { host } = journalled(new TryingHost(inner));
  for (const { name, bytes, facts } of stack) {
    await host.upload(name, bytes, call);
    const dependencyCheck = mayIgnoreDependency(facts) ? "hypervisor-only" : "whole-chain";
    await host.act("apply", name, { ...call, dependencyCheck, quiesceMs: 30 });
  }
  return inner;
}

export function journalled(host: LivepatchHost): Journalled {
  return JournalledHost.around(host, {
    now: () => new Date("2026-01-01T00:00:00Z"),
    factsOf: (bytes, name) => factsOfPayload(parsePayload(bytes, name)),
    onTrouble: (error) => {
      const isExpected = error instanceof Killed || error instanceof HostError;
      if (!isExpected) throw error;
    },
    onSetAside: (place) => {
      throw new Error(place);
    },
  });
}

export const quietly: SyncOptions = {
  ...call,
  quiesceMs: 30,
  signal: undefined,
  onStep: () => {},
  onPlan: () => {},
  pause: async () => {},
};

/** ^C during the first such step. */
export function stopBehind(action: PlanStep["action"]): SyncOptions {
  const stop = new AbortController();
  const onStep: SyncOptions["onStep"] = ({ step }) => {
    if (step.action === action) stop.abort();
  };
  return { ...quietly, signal: stop.signal, onStep };
}

export function syncTo(
  host: LivepatchHost,
  wish: Wish,
  known: readonly MadePayload[],
  options: SyncOptions = quietly,
): Promise<SyncReport> {
  const goal = { kind: "wish", wish, options: {} } as const;
  const request = { goal, files: known.map(syncFileOf), hypervisor: undefined };
  return syncHost(journalled(host), request, options);
}
