// The list of fixes, and what is expected of each, in a file beside it. Both are lines of text:
//
//   4.17.fixes     COMMIT XSA-1 XSA-2
//   4.17.expected  COMMIT payload FUNCTION… # why
//                  COMMIT no-change # why
//                  COMMIT refused RULE… # why, and how a person adapts the fix
//                  COMMIT not-alone # what it needs

import { XspliceError } from "../../src/error.ts";

export class ScoreError extends XspliceError<
  "score/bad-list" | "score/bad-clone" | "score/no-hypervisor" | "score/bad-arguments"
> {}

export interface Fix {
  /** As the list has it; at least 12 digits. */
  readonly commit: string;
  readonly advisories: readonly string[];
}

export interface Expectation {
  readonly kind: "payload" | "no-change" | "refused" | "not-alone";
  /** Functions that have to be replaced, or rules. */
  readonly names: readonly string[];
  readonly why: string;
}

export function readFixes(text: string, name: string): readonly Fix[] {
  const fixes = linesOf(text).map(({ words, number }) => {
    const [commit = "", ...advisories] = words;
    requireCommit(commit, `${name}, line ${number}`);
    return { commit, advisories };
  });
  const twice = fixes.find(({ commit }, at) => fixes.findIndex((x) => x.commit === commit) !== at);
  if (twice !== undefined) throw badList(`it names ${twice.commit} twice`, name);
  return fixes;
}

/** By commit. A fix without one has not been judged yet. */
export function readExpectations(text: string, name: string): ReadonlyMap<string, Expectation> {
  return new Map(
    linesOf(text).map(({ words, why, number }) => {
      const [commit = "", kind = "", ...names] = words;
      const where = `${name}, line ${number}`;
      requireCommit(commit, where);
      if (!isKind(kind)) {
        throw badList(`"${kind}" is no answer`, where, "payload, no-change, refused or not-alone");
      }
      if (kind === "refused" && names.length === 0) {
        throw badList("a refusal is expected without its rules", where, "refused RULE…");
      }
      return [commit, { kind, names, why }];
    }),
  );
}

function isKind(text: string): text is Expectation["kind"] {
  return /^(payload|no-change|refused|not-alone)$/.test(text);
}

interface Line {
  readonly words: readonly string[];
  /** The comment after #. */
  readonly why: string;
  readonly number: number;
}

function linesOf(text: string): readonly Line[] {
  return text.split("\n").flatMap((line, index) => {
    const [, body = "", why = ""] = /^([^#]*)(?:#(.*))?$/.exec(line) ?? [];
    const words = body.trim().split(/\s+/).filter(Boolean);
    return words.length === 0 ? [] : [{ words, why: why.trim(), number: index + 1 }];
  });
}

function requireCommit(word: string, where: string): void {
  if (/^[0-9a-f]{12,40}$/.test(word)) return;
  throw badList(`"${word}" is no commit`, where, "12 to 40 hex digits");
}

function badList(problem: string, where: string, expected?: string): ScoreError {
  return new ScoreError({
    code: "score/bad-list",
    problem: `Cannot read the list of fixes: ${problem}`,
    where,
    ...(expected === undefined ? {} : { expected }),
  });
}
