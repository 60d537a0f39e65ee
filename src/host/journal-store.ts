// Where the journal of a host is stored: in the dom0 of the hypervisor that it describes, so that
// everyone who manages that host, from any machine, finds the same journal. The contents do not matter
// here (plan/journal.ts).

import type { CallOptions } from "./call-options.ts";

export interface UnreadJournal {
  /** As read() gave it; `undefined` when that failed. */
  readonly text: string | undefined;
  /** The current time; it becomes part of the name. */
  readonly at: Date;
}

/** For the system's log of the host: an action that has ended. */
export interface LoggedAction {
  readonly action: string;
  readonly name: string;
  /** Who gave the command, and on which machine. */
  readonly by: string | undefined;
  readonly from: string | undefined;
  /** `done`, or the code of the error. */
  readonly result: string;
  /** Names of what is applied now, from the bottom to the top; `undefined` where the order is not known. */
  readonly stack: readonly string[] | undefined;
}

/** Methods throw HostError when the host does not answer, or nothing can be stored there. */
export interface JournalStore {
  /** `undefined` when there is no journal. An empty file counts as a journal: its contents were lost. */
  read(options: CallOptions): Promise<string | undefined>;
  /**
   * Writes all of it or nothing, whatever happens meanwhile; it is on the disk when this returns.
   * @param ended what is to be told to the system's log of the host as well, if it has one; no reason to fail
   */
  write(text: string, options: CallOptions, ended?: LoggedAction): Promise<void>;
  /** That alone. Never fails. */
  tell?(ended: LoggedAction, options: CallOptions): Promise<void>;
  /**
   * Renames the stored journal, so that the next write does not destroy it; but not if another process
   * has written a new one meanwhile.
   * @returns its new place, for messages; `undefined` when the journal is not the one that was read any
   * more
   */
  setAside(what: UnreadJournal, options: CallOptions): Promise<string | undefined>;
}
