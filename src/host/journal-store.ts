// Where the journal of a host is kept: beside the hypervisor that it tells of, in its dom0, so that
// whoever drives that host, from wherever, finds the same one. What stands in it is no matter here
// (plan/journal.ts).

export interface JournalStore {
  /** `undefined` when there is none. @throws HostError when the host does not answer */
  read(): Promise<string | undefined>;
  /** All of it or nothing, whatever happens meanwhile. @throws HostError when it cannot be kept */
  write(text: string): Promise<void>;
}
