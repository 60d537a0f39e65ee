// Commands for the shell at the other end of an ssh connection, which joins all words of its
// command line with blanks and gives the result to the user's login shell.

/** One word for a POSIX shell, whatever is in it; zsh reads a leading = as a command's path. */
export function quoteWord(word: string): string {
  return /^[\w@%+:,./-][\w@%+=:,./-]*$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A script for `sh` with `$1`, `$2` …, as one command line. */
export function scriptCommand(script: string, args: readonly string[]): string {
  return ["sh", "-c", script, "xsplice", ...args].map(quoteWord).join(" ");
}
