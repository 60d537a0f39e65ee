// What a sync wants a host to run in the end, as the host's journal is told. It is not part of the
// host: whoever wraps the host once more does not cut it off from the journal.

import type { CallOptions } from "../host/call-options.ts";
import type { JournalStore } from "../host/journal-store.ts";
import type { Journal } from "./journal-form.ts";
import { decodeJournal, encodeJournal } from "./journal-json.ts";

export class JournalGoal {
  readonly #journal: JournalStore | undefined;
  readonly #onTrouble: (error: unknown) => void;
  #stack: readonly string[] | undefined;

  /** @param journal none: it is told to nobody */
  constructor(journal: JournalStore | undefined, onTrouble: (error: unknown) => void) {
    this.#journal = journal;
    this.#onTrouble = onTrouble;
  }

  /** Names of what is to be applied, from the bottom to the top; written down with each action. */
  get stack(): readonly string[] | undefined {
    return this.#stack;
  }

  set(stack: readonly string[]): void {
    this.#stack = stack;
  }

  /** All is as the sync wanted it, whatever another one has left. */
  async reached(options: CallOptions): Promise<void> {
    await this.#change((journal) => ({ ...journal, goal: undefined, lifted: undefined }), options);
  }

  /** The sync has come to its end in another way. */
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
