/** Quotes one word for a POSIX shell, whatever it contains; zsh expands a leading = to a command's path. */
export function quoteWord(word: string): string {
  return /^[\w@%+:,./-][\w@%+=:,./-]*$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
