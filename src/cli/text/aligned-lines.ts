// Old and new code for the terminal: beside one another where both fit, else one below the other as
// patches show it.

import type { AlignedRow } from "../../diff/align-listings.ts";
import type { Output } from "../io.ts";

/** Of a terminal that does not tell. */
const COLUMNS = 80;

export function columnsOf({ columns }: Output): number {
  return columns ?? COLUMNS;
}

/** `|` marks lines that differ where both sides are shown, `-` and `+` where one is. */
export function alignedLines(rows: readonly AlignedRow[], columns: number): readonly string[] {
  const width = widest(rows.map(({ before }) => before));
  const isNarrow = width + widest(rows.map(({ after }) => after)) + 4 > columns;
  if (isNarrow) return unifiedLines(rows);
  const line = (mark: string, left: string, right: string) =>
    `${mark} ${left.padEnd(width)}  ${right}`.trimEnd();
  return [
    line(" ", "before", "after"),
    ...rows.map(({ kind, before, after }) =>
      line(kind === "same" ? " " : "|", before ?? "", after ?? ""),
    ),
  ];
}

function widest(texts: readonly (string | undefined)[]): number {
  return texts.reduce((most, text) => Math.max(most, text?.length ?? 0), "before".length);
}

function unifiedLines(rows: readonly AlignedRow[]): readonly string[] {
  const lines: string[] = [];
  let added: string[] = [];
  for (const { kind, before, after } of rows) {
    if (kind === "same") {
      lines.push(...added, `  ${after}`);
      added = [];
      continue;
    }
    if (before !== undefined) lines.push(`- ${before}`);
    if (after !== undefined) added.push(`+ ${after}`);
  }
  return [...lines, ...added];
}
