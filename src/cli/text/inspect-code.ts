// Code of a payload for the terminal: each function under a heading, with the old code where it is known.

import type { AlignedRow } from "../../diff/align-listings.ts";
import type { ListedCode } from "../../dissect/dissect-payload.ts";
import { printable } from "../../payload/printable.ts";
import { UsageError } from "../usage-error.ts";
import { alignedLines } from "./aligned-lines.ts";

/** One text for each function, ending with a newline. */
export function codeParagraphs(code: readonly ListedCode[], columns: number): readonly string[] {
  return code.map((listed) => {
    const lines = [heading(listed), ...body(listed, columns - 2).map((line) => `  ${line}`)];
    return printable(`${lines.join("\n")}\n`);
  });
}

function heading({ name, role, size, beside }: ListedCode): string {
  const what = role === "replacement" ? `New code of ${name}` : `Code of ${role} ${name}`;
  return `${what} (${size === 1 ? "1 byte" : `${size} bytes`}${beside === undefined ? "" : `, ${changesIn(beside)}`})`;
}

function changesIn(rows: readonly AlignedRow[]): string {
  const changed = rows.filter(({ kind }) => kind === "differs").length;
  if (changed === 0) return "the same instructions as the old";
  return `${changed} line${changed === 1 ? "" : "s"} of ${rows.length} differ${changed === 1 ? "s" : ""}`;
}

function body({ instructions, beside, alone }: ListedCode, columns: number): readonly string[] {
  if (beside !== undefined) return alignedLines(beside, columns);
  const lines = instructions.map(({ offset, text }) => `+0x${offset.toString(16)}: ${text}`);
  return alone === undefined ? lines : [`(nothing beside it: ${alone})`, ...lines];
}

/** How many names a message lists. */
const NAMES_MAX = 8;

export function noSuchFunction(name: string, source: string, known: readonly string[]): UsageError {
  const more = known.length > NAMES_MAX ? `, and ${known.length - NAMES_MAX} more` : "";
  return new UsageError({
    code: "usage/bad-value",
    problem: `Cannot show the code of "${name}": the payload has no such function`,
    where: source,
    expected:
      known.length === 0 ? "a payload with code" : `${known.slice(0, NAMES_MAX).join(", ")}${more}`,
  });
}
