// What can be wrong with the list of bases, or with what is to be made of them.

import { XspliceError } from "../error.ts";

export type MatrixErrorCode =
  /** The list of bases cannot be read, or does not say enough of one. */
  | "matrix/bad-bases"
  /** A series mixes patches of both sides into the fix. */
  | "matrix/bad-series"
  /** The layout of a toolstack needs something that is missing. */
  | "matrix/layout";

export class MatrixError extends XspliceError<MatrixErrorCode> {}
