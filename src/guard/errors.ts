// Why a guard is refused.

import { XspliceError } from "../error.ts";

export type GuardErrorCode =
  /** More old code than a payload can carry. */
  | "guard/too-large"
  /** A xen-syms file that does not show which code Xen changes at boot. */
  | "guard/bad-image";

export class GuardError extends XspliceError<GuardErrorCode> {}
