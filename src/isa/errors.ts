// What the instruction set's side cannot do.

import { XspliceError } from "../error.ts";

export class IsaError extends XspliceError<"isa/undecodable" | "isa/unsupported"> {}
