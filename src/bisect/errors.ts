// Why a bisection did not start, or did not end normally.

import { XspliceError } from "../error.ts";

export type BisectErrorCode =
  /** The applied payloads, or their order, are not known well enough to restore them. */
  | "bisect/no-way-back"
  /** The host could not be restored; the report describes its state. */
  | "bisect/not-restored"
  /** The host's code is not what a prefix's payload expects. */
  | "bisect/other-code"
  /** The check neither passed nor failed nor reported that it cannot tell (125). */
  | "bisect/check-broken"
  /** The record of an interrupted bisection is malformed. */
  | "bisect/bad-record"
  /** The record is of another series, another check or another hypervisor. */
  | "bisect/other-record"
  /** The record cannot be written. */
  | "bisect/cannot-keep"
  /** An earlier bisection was interrupted, or there is none to continue. */
  | "bisect/unfinished"
  | "bisect/nothing-to-resume";

export class BisectError extends XspliceError<BisectErrorCode> {}
