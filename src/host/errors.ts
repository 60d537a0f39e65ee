// How a host reports a failure. One class, so that callers can match on the code and the errno.

import { type ErrorReport, XspliceError } from "../error.ts";

export type HostErrorCode =
  /** The hypervisor refused; `errno` has the reason. */
  | "host/refused"
  /** No such payload on the host. */
  | "host/unknown-payload"
  /** The payload is in a state in which this action makes no sense. */
  | "host/wrong-state"
  /** The action was started and did not succeed; `errno` is its result. */
  | "host/action-failed"
  /** What it lists cannot be a list of Xen's. */
  | "host/implausible"
  /** No answer within the deadline. */
  | "host/timeout"
  /** No connection to a hypervisor is possible here: no privcmd, no permission, no connection. */
  | "host/unreachable"
  /** This kind of host, or this release, does not support it. */
  | "host/unsupported"
  /** The hypervisor or dom0 crashed. */
  | "host/crashed"
  /** A name or a file that no hypervisor would accept. */
  | "host/bad-argument"
  /** A policy of this machine demands a signature that is not there. */
  | "host/policy"
  /** What xSplice recorded about a host cannot be read or stored. */
  | "host/journal"
  /** What is kept for the next boot cannot be read or stored. */
  | "host/boot-store";

/** The place where the hypervisor's code differs from what a payload expects, as Xen reports it. */
export interface UnexpectedCode {
  /** The name of the entry in the payload's function table, e.g. `do_xen_version+1043`. */
  readonly place: string;
  /** Hex. */
  readonly expected: string;
  /** Hex, of the same length. */
  readonly actual: string;
}

export interface HostErrorOptions extends ErrorOptions {
  readonly errno?: number;
  readonly unexpectedCode?: UnexpectedCode | undefined;
}

export class HostError extends XspliceError<HostErrorCode> {
  /** Positive Xen error number, where one was given. */
  readonly errno: number | undefined;
  /** Set when this mismatch was the reason of the refusal and the hypervisor's console could be read. */
  readonly unexpectedCode: UnexpectedCode | undefined;

  constructor(report: ErrorReport<HostErrorCode>, options?: HostErrorOptions) {
    super(report, options);
    this.errno = options?.errno;
    this.unexpectedCode = options?.unexpectedCode;
  }
}
