// What every call to a host is given, its journal's included.

export interface CallOptions {
  /** For the whole call, retries included. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
}
