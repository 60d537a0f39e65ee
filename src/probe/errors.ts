// Why a host cannot be probed.

import { XspliceError } from "../error.ts";

export type ProbeErrorCode =
  /** Xen before 4.14, or tools of that time, cannot compare code. */
  | "probe/unsupported"
  /** The payload compares memory that may not exist: reading it could crash the host. */
  | "probe/unsafe"
  /** Whatever the host's code is, this payload cannot replace others. */
  | "probe/never-replaces"
  /** The payload carries no old code, so nothing can be compared. */
  | "probe/nothing-to-compare"
  /** No free name for the probe: too many probes were left behind. */
  | "probe/no-name";

export class ProbeError extends XspliceError<ProbeErrorCode> {}
