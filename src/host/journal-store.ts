// Where the journal of a host is kept: in the dom0 of the hypervisor that it tells of, so that
// whoever drives that host, from wherever, finds the same one. What stands in it is no matter here
// (plan/journal.ts).

import type { CallOptions } from "./call-options.ts";

export interface UnreadJournal {
  /** As read() gave it; `undefined` when that failed. */
  readonly text: string | undefined;
  /** Now; it becomes part of the name. */
  readonly at: Date;
}

/** Methods throw HostError when the host does not answer, or nothing can be kept there. */
export interface JournalStore {
  /** `undefined` when there is none. An empty one is one: what stood in it is lost. */
  read(options: CallOptions): Promise<string | undefined>;
  /** All of it or nothing, whatever happens meanwhile; on the disk when it returns. */
  write(text: string, options: CallOptions): Promise<void>;
  /**
   * Puts what is kept there beside its place, so that what is written next does not destroy it; and
   * nothing that another process has written there meanwhile.
   * @returns where it is from then on, for people; `undefined` when it is what was read no more
   */
  setAside(what: UnreadJournal, options: CallOptions): Promise<string | undefined>;
}
