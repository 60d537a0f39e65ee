// Objects that cannot be compared at all. Differences that a payload cannot carry are not errors: they
// are all in the ledger (ledger.ts).

import { XspliceError } from "../error.ts";

export type DiffErrorCode =
  /** Not a relocatable file, or for an unsupported machine. */
  | "diff/unsupported-object"
  /** Two objects that were not compiled for the same machine. */
  | "diff/unlike-objects"
  /** A payload was requested from a comparison that has refusals. */
  | "diff/refused";

export class DiffError extends XspliceError<DiffErrorCode> {}
