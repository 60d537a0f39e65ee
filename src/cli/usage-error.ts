// Wrong use of the command line: nothing was tried.

import { XspliceError } from "../error.ts";

export class UsageError extends XspliceError<
  "usage/unknown-command" | "usage/unknown-option" | "usage/bad-arguments" | "usage/bad-value"
> {}
