// Why a guest could not be made, started or watched.

import { XspliceError } from "../error.ts";

export type GuestErrorCode =
  /** A word or number that is not valid for a guest. */
  | "guest/bad-argument"
  /** The compiler refused the C file. */
  | "guest/compile-failed"
  /** A file that is no guest. */
  | "guest/bad-image"
  /** The hypervisor or the lab cannot run guests of this kind. */
  | "guest/unsupported"
  /** No guest of that number runs, or it is none of ours. */
  | "guest/unknown"
  /** The guest's memory could not be read or written. */
  | "guest/memory";

export class GuestError extends XspliceError<GuestErrorCode> {}
