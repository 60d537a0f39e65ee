// Why a bisection did not begin, or did not end as it should.

import { XspliceError } from "../error.ts";

export type BisectErrorCode =
  /** What is applied on the host, or in which order, is not known well enough to put it back. */
  | "bisect/no-way-back"
  /** The host could not be put back as it was found; the report says how it is. */
  | "bisect/not-restored"
  /** The host's code is not what a prefix's payload expects. */
  | "bisect/other-code"
  /** The check neither passed nor failed nor said that it cannot tell. */
  | "bisect/check-broken"
  /** The record of an interrupted bisection is no such record. */
  | "bisect/bad-record"
  /** The record is of another series, another check or another hypervisor. */
  | "bisect/other-record"
  /** The record cannot be written. */
  | "bisect/cannot-keep"
  /** An earlier bisection was interrupted, or there is none to go on with. */
  | "bisect/unfinished"
  | "bisect/nothing-to-resume";

export class BisectError extends XspliceError<BisectErrorCode> {}
