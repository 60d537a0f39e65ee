import { XspliceError } from "../error.ts";

export type DwarfErrorCode =
  /** Debugging sections of an object that are cut short, damaged or of an unknown kind. */
  "dwarf/malformed";

export class DwarfError extends XspliceError<DwarfErrorCode> {}
