// The journal of a host that lives no longer than this process, as the model does.

import type { JournalStore } from "../../host/journal-store.ts";
import { nameAside } from "./place.ts";

export class MemoryJournal implements JournalStore {
  text: string | undefined;
  /** What was set aside, by its name. */
  readonly aside = new Map<string, string>();

  async read(): Promise<string | undefined> {
    return this.text;
  }

  async write(text: string): Promise<void> {
    this.text = text;
  }

  async setAside(at: Date): Promise<string> {
    const name = nameAside(at);
    this.aside.set(name, this.text ?? "");
    this.text = undefined;
    return name;
  }
}
