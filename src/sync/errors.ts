// Why a sync did not begin, or did not end where it should.

import { XspliceError } from "../error.ts";

export type SyncErrorCode =
  /** Another sync of this host is at work. */
  | "sync/busy"
  /** The plan asks for what is not safe, or for what is not available. */
  | "sync/bad-plan"
  /** The model says that the hypervisor would refuse a step. */
  | "sync/would-fail"
  /** What is loaded is not known well enough to play the steps on the model. */
  | "sync/cannot-rehearse"
  /** The host's code is not what a payload expects that should replace all others. */
  | "sync/guard-differs"
  /** Somebody else was at work at the same time. */
  | "sync/host-changed";

export class SyncError extends XspliceError<SyncErrorCode> {}
