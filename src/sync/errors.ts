// Why a sync did not start, or did not reach its goal.

import { XspliceError } from "../error.ts";

export type SyncErrorCode =
  /** Another sync of this host is running. */
  | "sync/busy"
  /** The plan needs a step that is unsafe or not available. */
  | "sync/bad-plan"
  /** According to the model, the hypervisor would refuse a step. */
  | "sync/would-fail"
  /** The loaded payloads are not known well enough to try the steps on the model. */
  | "sync/cannot-rehearse"
  /** The host's code is not what the replacing payload expects. */
  | "sync/guard-differs"
  /** The plan would cost the host something, and nobody agreed to it. */
  | "sync/not-agreed"
  /** Somebody else changed the host at the same time. */
  | "sync/host-changed";

export class SyncError extends XspliceError<SyncErrorCode> {}
