// The journal of a host that exists only in this process, such as the model.

import type { JournalStore, UnreadJournal } from "../../host/journal-store.ts";
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

  async setAside({ text, at }: UnreadJournal): Promise<string | undefined> {
    if (this.text !== text) return undefined;
    const name = nameAside(at);
    this.aside.set(name, this.text ?? "");
    this.text = undefined;
    return name;
  }
}
