// Why a host cannot be probed.

import { XspliceError } from "../error.ts";

export type ProbeErrorCode =
  /** Before Xen 4.14, or with tools of that time, nothing compares code. */
  | "probe/unsupported"
  /** The payload compares what may not be there: reading it could bring the host down. */
  | "probe/unsafe"
  /** Whatever the host's code is, this payload cannot replace others. */
  | "probe/never-replaces"
  /** The payload carries no old code: there is nothing to ask the host. */
  | "probe/nothing-to-compare"
  /** A name for the probe could not be found: too many probes were left behind. */
  | "probe/no-name";

export class ProbeError extends XspliceError<ProbeErrorCode> {}
