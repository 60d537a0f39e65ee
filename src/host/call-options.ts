// Options of every call to a host, including calls for its journal.

export interface CallOptions {
  /** For the whole call, including retries. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
}
