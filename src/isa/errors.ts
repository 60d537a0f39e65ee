// What the instruction decoder does not support.

import { XspliceError } from "../error.ts";

export class IsaError extends XspliceError<"isa/undecodable" | "isa/unsupported"> {}
