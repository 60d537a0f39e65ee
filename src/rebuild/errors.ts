// Why a payload could not be built again at all. That it came out as another one is no error.

import { XspliceError } from "../error.ts";

export type RebuildErrorCode =
  /** The payload does not say what it was made from. */
  | "rebuild/no-origin"
  /** A patch, a file with hooks or a payload below is needed, and was not given. */
  | "rebuild/missing-input";

export class RebuildError extends XspliceError<RebuildErrorCode> {}
