import { XspliceError } from "../error.ts";

export type DwarfErrorCode =
  /** The debugging sections of an object are truncated, damaged or of an unknown kind. */
  "dwarf/malformed";

export class DwarfError extends XspliceError<DwarfErrorCode> {}
