// The journal of this dom0, in a file: a crash at any moment leaves the old one or the new one.

import { mkdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { writeWhole } from "../../files/write-whole.ts";
import { HostError } from "../../host/errors.ts";
import type { JournalStore } from "../../host/journal-store.ts";
import { systemStateOf } from "../../system-state.ts";
import { JOURNAL_FILE, nameAside } from "./place.ts";

export class FileJournal implements JournalStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async read(): Promise<string | undefined> {
    const path = join(this.#folder, JOURNAL_FILE);
    try {
      return await readFile(path, "utf8");
    } catch (cause) {
      const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
      if (code === "ENOENT" || code === "ENOTDIR") return undefined;
      throw failure(`Cannot read the journal "${path}"`, cause);
    }
  }

  async write(text: string): Promise<void> {
    const path = join(this.#folder, JOURNAL_FILE);
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      writeWhole(path, text, { mode: 0o600 });
    } catch (cause) {
      throw failure(`Cannot keep the journal "${path}"`, cause);
    }
  }

  async setAside(at: Date): Promise<string> {
    const path = join(this.#folder, JOURNAL_FILE);
    const aside = join(this.#folder, nameAside(at));
    try {
      await rename(path, aside);
      return aside;
    } catch (cause) {
      throw failure(`Cannot set the journal "${path}" aside`, cause);
    }
  }
}

function failure(what: string, cause: unknown): HostError {
  return new HostError(
    {
      code: "host/journal",
      problem: `${what}: ${systemStateOf(cause)}`,
      expected: "a directory that root can write to",
    },
    { cause },
  );
}
