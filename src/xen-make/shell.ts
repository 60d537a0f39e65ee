// Splits what make would run into simple commands and their words: quotes, escapes, separators. Not
// a shell: nothing is expanded, and words of loops and conditions come out as words.

/** Commands of one line, each as its words without quotes. Redirections are words of their own. */
export function splitCommands(line: string): string[][] {
  const commands: string[][] = [];
  let words: string[] = [];
  let word: string | undefined;
  const endWord = () => {
    if (word !== undefined) words.push(word);
    word = undefined;
  };
  const endCommand = () => {
    endWord();
    if (words.length > 0) commands.push(words);
    words = [];
  };
  for (let at = 0; at < line.length; at++) {
    const character = line[at] ?? "";
    switch (character) {
      case "'": {
        const end = endOf(line, "'", at + 1);
        word = (word ?? "") + line.slice(at + 1, end);
        at = end;
        break;
      }
      case '"': {
        const end = endOfDoubleQuotes(line, at + 1);
        word = (word ?? "") + line.slice(at + 1, end).replaceAll(/\\(["\\$`])/g, "$1");
        at = end;
        break;
      }
      case "\\":
        at++;
        if (line[at] !== "\n") word = (word ?? "") + (line[at] ?? "");
        break;
      case " ":
      case "\t":
        endWord();
        break;
      case ";":
      case "&":
      case "|":
      case "(":
      case ")":
      case "\n":
        endCommand();
        break;
      default: {
        // Words are long and their characters plain: take them as one piece.
        const plain = /[^\s'"\\;&|()]+/y;
        plain.lastIndex = at;
        const piece = plain.exec(line)?.[0] ?? character;
        word = (word ?? "") + piece;
        at += piece.length - 1;
      }
    }
  }
  endCommand();
  return commands;
}

/** Lines as the shell takes them: continued ones joined. */
export function joinContinuedLines(text: string): string[] {
  return text.replaceAll("\\\n", " ").split("\n");
}

function endOf(line: string, quote: string, from: number): number {
  const end = line.indexOf(quote, from);
  return end < 0 ? line.length : end;
}

function endOfDoubleQuotes(line: string, from: number): number {
  let at = from;
  while (at < line.length && line[at] !== '"') at += line[at] === "\\" ? 2 : 1;
  return Math.min(at, line.length);
}
