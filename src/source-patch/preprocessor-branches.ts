// Branches of #if in a text, and where a hunk changes it.

import type { Hunk } from "./patch-file.ts";

/** Lines between two directives, from 1, both included; nothing when `last` is less than `first`. */
export interface Branch {
  readonly first: number;
  readonly last: number;
}

/** All that a line, or what is put between two, lies in, but for the guard of a header against being included twice. */
export function branchesAround(lines: readonly string[], line: number): readonly Branch[] {
  const found: Branch[] = [];
  const open: { start: number; isGuard: boolean }[] = [];
  const close = (end: number): void => {
    const branch = open.pop();
    if (branch === undefined || branch.isGuard) return;
    if (branch.start < line && line < end) found.push({ first: branch.start + 1, last: end - 1 });
  };
  for (const [index, text] of lines.entries()) {
    const directive = /^\s*(?:#|%:)\s*(if(?:n?def)?|elif\w*|else|endif)\b/.exec(text)?.[1];
    if (directive === undefined) continue;
    if (!directive.startsWith("if")) close(index + 1);
    if (directive === "endif") continue;
    open.push({ start: index + 1, isGuard: directive === "ifndef" && isGuard(lines, index) });
  }
  return found;
}

function isGuard(lines: readonly string[], index: number): boolean {
  const name = /ifndef\s+(\w+)/.exec(lines[index] ?? "")?.[1];
  const next = lines.slice(index + 1).find((text) => text.trim() !== "");
  return name !== undefined && new RegExp(`^\\s*#\\s*define\\s+${name}\\b`).test(next ?? "");
}

/** The same lines with nothing in them that is a comment, or a directive that goes on. */
export function withoutComments(text: string): readonly string[] {
  const blank = (found: string): string => found.replaceAll(/[^\n]/g, " ");
  return text
    .replaceAll(/\/\*[\s\S]*?\*\//g, blank)
    .replaceAll(/\/\/.*/g, blank)
    .replaceAll(/^[ \t]*(?:#|%:)(?:.*\\\n)+.*$/gm, (found) => {
      const [first = "", ...rest] = found.split("\n");
      return [first, ...rest.map(blank)].join("\n");
    })
    .split("\n");
}

/** Neither blank nor a directive, in lines without comments. */
export function isCodeLine(lines: readonly string[], line: number): boolean {
  return /^\s*[^\s#%]/.test(lines[line - 1] ?? "");
}

/**
 * Lines of the text before that the hunk changes: those that it removes, and 4.5 for what it puts
 * between lines 4 and 5. Undefined when the hunk is not where it says.
 */
export function changedLines(
  { content }: Hunk,
  lines: readonly string[],
): readonly number[] | undefined {
  const changed: number[] = [];
  // A hunk that removes and keeps nothing names the line that it stands after.
  let line = content.oldLines === 0 ? content.oldStart + 1 : content.oldStart;
  for (const text of content.lines) {
    const mark = text[0];
    if (mark === "\\") continue;
    if (mark === "+") {
      changed.push(line - 0.5);
      continue;
    }
    if (lines[line - 1] !== text.slice(1)) return undefined;
    if (mark === "-") changed.push(line);
    line++;
  }
  return changed;
}
