// The goal of a sync, as written to the host's journal. It is not part of the host, so a wrapper around
// the host cannot lose it.

import type { CallOptions } from "../host/call-options.ts";
import { HostError } from "../host/errors.ts";
import type { JournalStore } from "../host/journal-store.ts";
import type { Journal } from "./journal-form.ts";
import { decodeJournal, encodeJournal } from "./journal-json.ts";

export class JournalGoal {
  readonly #journal: JournalStore | undefined;
  readonly #onTrouble: (error: unknown) => void;
  #stack: readonly string[] | undefined;

  /** @param journal if missing, the goal is not recorded */
  constructor(journal: JournalStore | undefined, onTrouble: (error: unknown) => void) {
    this.#journal = journal;
    this.#onTrouble = onTrouble;
  }

  /** Names of the payloads to be applied, from the bottom to the top; recorded with each action. */
  get stack(): readonly string[] | undefined {
    return this.#stack;
  }

  set(stack: readonly string[]): void {
    this.#stack = stack;
  }

  /** The sync's goal is reached; what another sync left open is kept. */
  async reached(options: CallOptions): Promise<void> {
    await this.#change((journal) => ({ ...journal, goal: undefined, lifted: undefined }), options);
  }

  /** The sync has ended in another way. */
  async forget(options: CallOptions): Promise<void> {
    await this.#change((journal) => ({ ...journal, goal: undefined }), options);
  }

  async #change(change: (journal: Journal) => Journal, options: CallOptions): Promise<void> {
    this.#stack = undefined;
    try {
      const text = await this.#journal?.read(options);
      const journal = text === undefined ? undefined : decodeJournal(text);
      if (journal === undefined) return;
      const changed = encodeJournal(change(journal));
      if (changed !== text) await this.#journal?.write(changed, options);
    } catch (error) {
      this.#onTrouble(error);
    }
  }
}

export function unsteady(label: string): HostError {
  return new HostError({
    code: "host/journal",
    problem: `Cannot set the journal on ${label} aside: it is another one at each attempt`,
    expected: "one release of xSplice at a time that drives this host",
  });
}

/** The host does not answer: an action that cannot be recorded is not started. */
export function isNoAnswer(error: unknown): boolean {
  if (!(error instanceof HostError)) return false;
  const { code } = error.report;
  return code !== "host/journal" && code !== "host/unsupported";
}
