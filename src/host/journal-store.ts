// Where the journal of a host is kept: in the dom0 of the hypervisor that it tells of, so that
// whoever drives that host, from wherever, finds the same one. What stands in it is no matter here
// (plan/journal.ts).

import type { CallOptions } from "./call-options.ts";

/** Methods throw HostError when the host does not answer, or nothing can be kept there. */
export interface JournalStore {
  /** `undefined` when there is none. */
  read(options: CallOptions): Promise<string | undefined>;
  /** All of it or nothing, whatever happens meanwhile; on the disk when it returns. */
  write(text: string, options: CallOptions): Promise<void>;
  /**
   * Puts what is kept there beside its place, so that what is written next does not destroy it.
   * @param at now; it becomes part of the name
   * @returns where it is from then on, for people
   */
  setAside(at: Date, options: CallOptions): Promise<string>;
}
