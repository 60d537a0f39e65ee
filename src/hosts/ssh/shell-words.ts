// Commands for the remote shell of an ssh connection. ssh joins all words of its command line with
// blanks and passes the result to the user's login shell.

/** Quotes one word for a POSIX shell, whatever it contains; zsh expands a leading = to a command's path. */
export function quoteWord(word: string): string {
  return /^[\w@%+:,./-][\w@%+=:,./-]*$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A script for `sh` with `$1`, `$2` …, as one command line. */
export function scriptCommand(script: string, args: readonly string[]): string {
  return ["sh", "-c", script, "xsplice", ...args].map(quoteWord).join(" ");
}
