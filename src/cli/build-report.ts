// The report of a build as people read it: short when all is well, every reason when it is not.

import type { BuildRefusal } from "../builder/refusal.ts";
import type { BuildReport } from "../builder/report.ts";
import type { ExplainedFunction } from "../builder/report-explain.ts";
import { alignedLines } from "./aligned-lines.ts";
import { renderFacts } from "./render-facts.ts";

export function renderReport(report: BuildReport, output: string): string {
  const parts = [headline(report, output), ...fileLines(report)];
  if (report.refusals.length > 0) parts.push("", ...report.refusals.map(renderRefusal));
  return `${parts.join("\n")}\n${renderFacts(factsOf(report, output))}`;
}

function headline({ outcome, refusals, functions }: BuildReport, output: string): string {
  switch (outcome) {
    case "built":
      return `Built ${output}: ${functions.length} function${functions.length === 1 ? "" : "s"} replaced`;
    case "unchanged":
      return "Nothing to patch: the hypervisor runs the same code and data without the fix and with it";
    case "refused":
      return `Cannot be live patched: ${refusals.length} reason${refusals.length === 1 ? "" : "s"}`;
  }
}

/** One line for each file of the patch that is not simply in the payload. */
function fileLines({ files }: BuildReport): readonly string[] {
  return files.flatMap(({ file, outcome, besides }) => {
    const more = besides === undefined ? [] : [`  ${file}: ${besides} need an update besides`];
    switch (outcome.kind) {
      case "compiled":
      case "refused":
        return more;
      case "not-in-configuration":
        return [`  ${file}: not in this hypervisor, ${outcome.reason}`, ...more];
      default:
        return [`  ${file}: not the hypervisor; ${outcome.component} needs an update besides`];
    }
  });
}

function renderRefusal({ rule, what, where, reasons, remedy }: BuildRefusal): string {
  const text = (label: string, words: string) =>
    `  ${label.padEnd(9)} ${words.replaceAll("\n", `\n${" ".repeat(12)}`)}`;
  return [
    `${what} (${rule})`,
    ...reasons.map((reason, index) => text(index === 0 ? "because:" : "", reason)),
    text("where:", where),
    ...(remedy === undefined ? [] : [text("remedy:", remedy)]),
    "",
  ].join("\n");
}

function factsOf(report: BuildReport, output: string): readonly (readonly [string, string])[] {
  const { payload, functions, compiler, timings, objects } = report;
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  return [
    ...functions.map(({ name, why, oldSizeBytes, newSizeBytes }) => {
      const sizes = `${oldSizeBytes} → ${newSizeBytes} bytes`;
      return ["replaces", `${name}, ${sizes}: ${why.join("; ")}`] as const;
    }),
    ...(payload === undefined
      ? []
      : ([
          ["payload", `${payload.file}, ${payload.sizeBytes} bytes`],
          ["build-id", payload.buildId],
          ["depends", payload.depends],
        ] as const)),
    ["compiler", compiler.comparison],
    ["report", `${output}.json`],
    [
      "time",
      `${seconds(timings.totalMs)} for ${objects.length} object${objects.length === 1 ? "" : "s"}, ${seconds(timings.ownMs)} of it our own`,
    ],
  ];
}

export function renderExplanation(
  { object, name, rows }: ExplainedFunction,
  columns: number,
): string {
  return [`${name} of ${object}`, ...alignedLines(rows, columns), ""].join("\n");
}
