// Commands for the remote shell of an ssh connection. ssh joins all words of its command line with
// blanks and passes the result to the user's login shell.

import { quoteWord } from "../../quote-word.ts";

/** A script for `sh` with `$1`, `$2` …, as one command line. */
export function scriptCommand(script: string, args: readonly string[]): string {
  return ["sh", "-c", script, "xsplice", ...args].map(quoteWord).join(" ");
}
