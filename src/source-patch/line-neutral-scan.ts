// Reads C text just far enough to know where complete top-level items end: comments, literals,
// continued lines, preprocessor lines, and how deep parentheses and braces are. Branches of #if are
// followed one after the other; where they leave braces differently, nothing is sure.

export interface ScannedLine {
  readonly text: string;
  /** A directive may stand in front of this line. */
  readonly isBoundary: boolean;
  /** Of #if, before this line. */
  readonly conditionDepth: number;
  /** #else, #elif or #endif. */
  readonly leavesBranch: boolean;
  /** Begins at the top level with a name and a parenthesis. */
  readonly isMacroCall: boolean;
}

export type Scan =
  | { readonly kind: "lines"; readonly lines: readonly ScannedLine[] }
  | { readonly kind: "doubt"; readonly reason: string };

export function scanLines(text: string): Scan {
  const scanner = new Scanner();
  const lines = text.split("\n").map((line) => scanner.scan(line));
  const reason = scanner.doubt ?? scanner.unfinished();
  return reason === undefined ? { kind: "lines", lines } : { kind: "doubt", reason };
}

interface Depth {
  readonly braces: number;
  readonly parentheses: number;
}

interface Branches {
  readonly before: Depth;
  /** Of the first branch that has ended. */
  end: Depth | undefined;
  hasElse: boolean;
}

class Scanner {
  doubt: string | undefined;
  #mode: "code" | "block-comment" | "line-comment" | "directive" = "code";
  /** A directive's own mode, while a comment inside of it lasts. */
  #commentIn: "code" | "directive" = "code";
  #isContinued = false;
  #depth: Depth = { braces: 0, parentheses: 0 };
  /** The last character of code that is not a space; a complete item ends with ; or }. */
  #last = ";";
  readonly #branches: Branches[] = [];

  scan(text: string): ScannedLine {
    const atTop = this.#mode === "code" && !this.#isContinued && isTop(this.#depth);
    const isBoundary = atTop && (this.#last === ";" || this.#last === "}");
    const conditionDepth = this.#branches.length;
    const isStart = this.#mode === "code" && !this.#isContinued;
    const directive = isStart ? /^\s*(?:#|%:)\s*(\w*)/.exec(text)?.[1] : undefined;
    if (directive !== undefined) {
      this.#mode = "directive";
      this.#readCondition(directive);
    }
    this.#readCharacters(text);
    this.#endLine(text);
    return {
      text,
      isBoundary,
      conditionDepth,
      leavesBranch: /^(else|elif\w*|endif)$/.test(directive ?? ""),
      isMacroCall: isBoundary && directive === undefined && /^\s*\w+\s*\(/.test(text),
    };
  }

  unfinished(): string | undefined {
    if (this.#mode === "block-comment") return "the file ends inside of a comment";
    if (!isTop(this.#depth)) return "braces or parentheses do not match";
    return this.#branches.length > 0 ? "#if without #endif" : undefined;
  }

  #readCharacters(text: string): void {
    let at = 0;
    while (at < text.length) {
      const pair = text.slice(at, at + 2);
      if (this.#mode === "block-comment") {
        const end = text.indexOf("*/", at);
        if (end < 0) return;
        this.#mode = this.#commentIn;
        at = end + 2;
      } else if (this.#mode === "line-comment") return;
      else if (pair === "/*" || pair === "//") {
        this.#commentIn = this.#mode;
        this.#mode = pair === "/*" ? "block-comment" : "line-comment";
        at += 2;
      } else if (text[at] === '"' || text[at] === "'") {
        // A literal ends with its line: what goes on after a backslash is read as code, which no
        // real source has, and which leaves braces that do not match.
        at = endOfLiteral(text, at);
        if (this.#mode === "code") this.#last = '"';
      } else {
        if (this.#mode === "code") this.#readCode(text[at] ?? "");
        at++;
      }
    }
  }

  #readCode(character: string): void {
    if (character === " " || character === "\t" || character === "\r" || character === "\f") return;
    if (character === "\\") return;
    let { braces, parentheses } = this.#depth;
    if (character === "{") braces++;
    else if (character === "}") braces--;
    else if (character === "(" || character === "[") parentheses++;
    else if (character === ")" || character === "]") parentheses--;
    if (braces < 0 || parentheses < 0) this.doubt ??= "braces or parentheses do not match";
    this.#depth = { braces, parentheses };
    this.#last = character;
  }

  #endLine(text: string): void {
    this.#isContinued = /\\\r?$/.test(text);
    if (this.#isContinued || this.#mode === "block-comment") return;
    this.#mode = "code";
  }

  #readCondition(directive: string): void {
    const current = this.#branches.at(-1);
    if (/^if(n?def)?$/.test(directive)) {
      this.#branches.push({ before: this.#depth, end: undefined, hasElse: false });
    } else if (current === undefined) {
      if (/^(else|elif\w*|endif)$/.test(directive)) this.doubt ??= `#${directive} without #if`;
    } else if (/^(else|elif\w*)$/.test(directive)) {
      this.#endBranch(current);
      current.hasElse ||= directive === "else";
      this.#depth = current.before;
    } else if (directive === "endif") {
      this.#endBranch(current);
      if (!current.hasElse && !isSame(this.#depth, current.before)) this.#differ();
      this.#branches.pop();
    }
  }

  #endBranch(branches: Branches): void {
    branches.end ??= this.#depth;
    if (!isSame(branches.end, this.#depth)) this.#differ();
  }

  #differ(): void {
    this.doubt ??= "branches of #if leave braces differently";
  }
}

function isTop({ braces, parentheses }: Depth): boolean {
  return braces === 0 && parentheses === 0;
}

function isSame(one: Depth, other: Depth): boolean {
  return one.braces === other.braces && one.parentheses === other.parentheses;
}

function endOfLiteral(text: string, start: number): number {
  const quote = text[start];
  let at = start + 1;
  while (at < text.length && text[at] !== quote) at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}
