// The journal of a host that lives no longer than this process, as the model does.

import type { JournalStore } from "../host/journal-store.ts";

export class MemoryJournal implements JournalStore {
  text: string | undefined;

  async read(): Promise<string | undefined> {
    return this.text;
  }

  async write(text: string): Promise<void> {
    this.text = text;
  }
}
