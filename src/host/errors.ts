// How a host says no. One class, so that callers can match on the code and the errno.

import { type ErrorReport, XspliceError } from "../error.ts";

export type HostErrorCode =
  /** The hypervisor refused; `errno` says how. */
  | "host/refused"
  /** No such payload on the host. */
  | "host/unknown-payload"
  /** The payload is in a state in which this action makes no sense. */
  | "host/wrong-state"
  /** The action was started and did not succeed; `errno` is its result. */
  | "host/action-failed"
  /** No answer within the deadline. */
  | "host/timeout"
  /** There is no way to talk to a hypervisor here: no privcmd, no permission, no connection. */
  | "host/unreachable"
  /** This kind of host, or this release, cannot do that. */
  | "host/unsupported"
  /** The hypervisor or dom0 died. */
  | "host/crashed"
  /** A name or a file that no hypervisor would take. */
  | "host/bad-argument"
  /** What xSplice remembers of a host cannot be read or kept. */
  | "host/journal";

/** Where the hypervisor's code is not what a payload expects, as Xen says it. */
export interface UnexpectedCode {
  /** The name of the entry in the payload's function table, e.g. `do_xen_version+1043`. */
  readonly place: string;
  /** Hex. */
  readonly expected: string;
  /** Hex, as many bytes. */
  readonly actual: string;
}

export interface HostErrorOptions extends ErrorOptions {
  readonly errno?: number;
  readonly unexpectedCode?: UnexpectedCode | undefined;
}

export class HostError extends XspliceError<HostErrorCode> {
  /** Positive Xen error number, where one was given. */
  readonly errno: number | undefined;
  /** When that is why the hypervisor refused, and its console could be read. */
  readonly unexpectedCode: UnexpectedCode | undefined;

  constructor(report: ErrorReport<HostErrorCode>, options?: HostErrorOptions) {
    super(report, options);
    this.errno = options?.errno;
    this.unexpectedCode = options?.unexpectedCode;
  }
}
