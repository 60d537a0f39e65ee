// The journal of this dom0, in a file: after a crash at any moment it is the old one or the new one.

import { mkdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { LockError } from "../../files/errors.ts";
import { type FileLock, waitForLock } from "../../files/lock.ts";
import { writeWhole } from "../../files/write-whole.ts";
import type { CallOptions } from "../../host/call-options.ts";
import { HostError } from "../../host/errors.ts";
import type { JournalStore, LoggedAction, UnreadJournal } from "../../host/journal-store.ts";
import { codeOfSystemError, systemStateOf } from "../../system-state.ts";
import { JOURNAL_FILE, nameAside } from "./place.ts";
import { tellSystemLog } from "./system-log.ts";

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
      const code = codeOfSystemError(cause);
      if (code === "ENOENT" || code === "ENOTDIR") return undefined;
      throw failure(`Cannot read the journal "${path}"`, cause);
    }
  }

  async write(text: string, _options?: CallOptions, ended?: LoggedAction): Promise<void> {
    if (ended !== undefined) await tellSystemLog(ended);
    const path = join(this.#folder, JOURNAL_FILE);
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      writeWhole(path, text, { mode: 0o600 });
    } catch (cause) {
      throw failure(`Cannot keep the journal "${path}"`, cause);
    }
  }

  tell(ended: LoggedAction): Promise<void> {
    return tellSystemLog(ended);
  }

  async setAside({ text, at }: UnreadJournal): Promise<string | undefined> {
    const path = join(this.#folder, JOURNAL_FILE);
    const aside = join(this.#folder, nameAside(at));
    try {
      // The journal file is its own lock: a process that waited for one that was renamed finds another,
      // or none.
      using _alone = await lockIfPossible(path);
      if ((await readIfPossible(path)) !== text) return undefined;
      await rename(path, aside);
      return aside;
    } catch (cause) {
      if (codeOfSystemError(cause) === "ENOENT") return undefined;
      throw failure(`Cannot set the journal "${path}" aside`, cause);
    }
  }
}

/** Where there are no locks, two commands at the same moment are not kept apart. */
async function lockIfPossible(path: string): Promise<FileLock | undefined> {
  try {
    return await waitForLock(path, { file: "if it is there" });
  } catch (error) {
    if (error instanceof LockError || codeOfSystemError(error) !== undefined) return undefined;
    throw error;
  }
}

async function readIfPossible(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const code = codeOfSystemError(error);
    if (code === undefined || code === "ENOENT") throw error;
    return undefined;
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
