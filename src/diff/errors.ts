// What cannot be compared at all. Differences that a payload cannot carry are no errors: they stand
// in the ledger (ledger.ts), all of them at once.

import { XspliceError } from "../error.ts";

export type DiffErrorCode =
  /** Not a relocatable file, or for a machine that the comparison does not know. */
  | "diff/unsupported-object"
  /** Two objects that were not compiled for the same machine. */
  | "diff/unlike-objects"
  /** Asked to make a payload of a comparison that has refusals. */
  | "diff/refused";

export class DiffError extends XspliceError<DiffErrorCode> {}
