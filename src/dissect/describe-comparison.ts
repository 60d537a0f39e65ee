// What differs between two payloads, as text for people and as a value for JSON.

import { formatReport } from "../error.ts";
import { printable } from "../payload/printable.ts";
import type { ComparedPayload, FunctionComparison, PayloadComparison } from "./compare-payloads.ts";
import type { FactDifference } from "./compare-tables.ts";

/** Paragraphs with a heading each; nothing of what is the same but its number. */
export function describeComparison(comparison: PayloadComparison): string {
  const { before, after, functions, pieces, facts } = comparison;
  const paragraphs: readonly (readonly [heading: string, lines: readonly string[]])[] = [
    [headline(comparison), [sideLine("first", before), sideLine("second", after)]],
    ["Functions of the hypervisor", functionLines(functions)],
    [
      "Code and data besides",
      pieces.flatMap(({ what, change, reasons }) => told(what, change, reasons)),
    ],
    ["What they say of themselves", facts.map(factLine)],
    ["Not compared", codeUnreadLines(comparison)],
    ["What is wrong with the first", faults(before)],
    ["What is wrong with the second", faults(after)],
  ];
  const text = paragraphs
    .filter(([, lines]) => lines.length > 0)
    .map(([heading, lines]) => `${heading}\n${lines.join("\n").replaceAll(/^/gm, "  ")}\n`)
    .join("\n");
  return printable(text);
}

function headline({ outcome }: PayloadComparison): string {
  switch (outcome) {
    case "identical":
      return "The same file";
    case "same":
      return "Two files that do the same";
    case "different":
      return "The payloads differ";
  }
}

function sideLine(which: string, { source, sizeBytes, buildId }: ComparedPayload): string {
  const size = `${sizeBytes.toLocaleString("en-US")} bytes`;
  return `${which.padEnd(6)}  ${source}  (${size}, build-id ${buildId ?? "?"})`;
}

function functionLines(functions: readonly FunctionComparison[]): readonly string[] {
  const equal = functions.filter(({ change }) => change === "equal").length;
  const lines = functions.flatMap(({ name, change, reasons }) =>
    change === "equal" ? [] : told(name, change, reasons),
  );
  return equal === 0
    ? lines
    : [...lines, `${equal} ${lines.length > 0 ? "more, " : ""}the same in both`];
}

function told(what: string, change: string, reasons: readonly string[]): readonly string[] {
  return [`${change.padEnd(7)}  ${what}`, ...reasons.map((reason) => `         ${reason}`)];
}

function factLine({ what, before, after }: FactDifference): string {
  if (before !== undefined && after !== undefined) return `${what}: ${before} → ${after}`;
  const value = before ?? after ?? "";
  return `${what}: only the ${before === undefined ? "second" : "first"}${value && `: ${value}`}`;
}

function codeUnreadLines({ codeUnread }: PayloadComparison): readonly string[] {
  return codeUnread === undefined ? [] : [`the code of the two payloads: ${codeUnread}`];
}

function faults({ findings }: ComparedPayload): readonly string[] {
  return findings.map(({ severity, report }) => `${severity}: ${formatReport(report)}`);
}
