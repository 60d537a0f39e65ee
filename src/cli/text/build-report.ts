// The report of a build as text: short on success, every reason on failure.

import type { BuildReport } from "../../builder/report.ts";
import type { ExplainedFunction } from "../../builder/report-explain.ts";
import { shadowNameOf } from "../../payload/shadow-variables.ts";
import { alignedLines } from "./aligned-lines.ts";
import { countOfRefusals, renderRefusals } from "./build-refusals.ts";
import { renderFacts } from "./render-facts.ts";

/** Where the payload and its report were written; no report when the output is a device. */
export interface ResultPlaces {
  readonly output: string;
  readonly report: string | undefined;
}

/** What was written for --draft-hooks. */
export function renderDraft({
  file,
  drafted,
  left,
}: {
  readonly file: string | undefined;
  readonly drafted: readonly string[];
  readonly left: readonly string[];
}): string {
  if (file === undefined) return "No hooks to draft: nothing of this fix needs one that is known\n";
  return [
    `Drafted ${file}: read and edit it, then build with --hooks ${file}`,
    ...drafted.map((one) => `  ${one}`),
    ...left.map((one) => `  not in it: ${one}`),
    "",
  ].join("\n");
}

export function renderReport(report: BuildReport, places: ResultPlaces): string {
  const parts = [
    headline(report, places.output),
    ...allowedLines(report),
    ...fileLines(report),
    ...successionLines(report),
  ];
  if (report.refusals.length > 0) parts.push("", ...renderRefusals(report.refusals));
  return `${parts.join("\n")}\n${renderFacts(factsOf(report, places))}`;
}

function headline({ outcome, refusals, functions }: BuildReport, output: string): string {
  switch (outcome) {
    case "built":
      return `Built ${output}: ${functions.length} function${functions.length === 1 ? "" : "s"} replaced`;
    case "unchanged":
      return "Nothing to patch: the hypervisor runs the same code and data with and without the fix";
    case "left-out":
      return "Nothing to patch: what remains is what you allowed to be left out";
    case "refused":
      return `Cannot be live patched: ${countOfRefusals(refusals)}`;
  }
}

/** Without a payload, that is all that the fix would change. */
function allowedLines({ outcome, allowed }: BuildReport): readonly string[] {
  if (outcome !== "left-out") return [];
  return allowed.map(({ what, objects, option }) => {
    const [first = "", ...more] = objects;
    const where = more.length === 0 ? first : `${first} and ${more.length} more`;
    return `  ${what} of ${where}: ${option}`;
  });
}

/** One line for each file of the patch that is not simply in the payload. */
function fileLines({ files }: BuildReport): readonly string[] {
  return files.flatMap(({ file, outcome, besides, hunks, leftOut = [] }) => {
    const more = besides === undefined ? [] : [`  ${file}: ${besides} also need an update`];
    switch (outcome.kind) {
      case "compiled":
        if (leftOut.length === 0) return more;
        return [
          `  ${file}: ${leftOut.length} of ${hunks.length} hunks not in this configuration: ${leftOut.join(", ")}`,
          ...more,
        ];
      case "refused":
        return more;
      case "not-in-configuration":
        return [`  ${file}: not in this hypervisor, ${outcome.reason}`, ...more];
      case "not-built":
        return [`  ${file}: not compiled, because another part of the patch is refused`, ...more];
      default:
        return [`  ${file}: not the hypervisor; ${outcome.component} also needs an update`];
    }
  });
}

/** Hazards that an operator must know before replacing one payload by another. */
function successionLines({ succession }: BuildReport): readonly string[] {
  if (succession === undefined) return [];
  const { previous, functions, data } = succession;
  const gone = functions.filter(({ change }) => change === "no-longer-patched");
  return [
    ...gone.map(({ name }) => `warning: no longer patched: ${name}, which "${previous}" replaces`),
    ...data.map(({ name, fate }) => {
      const shadow = shadowNameOf(name);
      if (shadow !== undefined) {
        return `warning: shadow variable "${shadow}" of "${previous}" is not in this payload: its values are freed when no other one uses it`;
      }
      return `warning: variable ${name} of "${previous}" is ${fate === "gone" ? "removed, with its value" : "reset"}`;
    }),
  ];
}

function countsOf({ succession }: BuildReport): readonly (readonly [string, string])[] {
  if (succession === undefined) return [];
  const count = (wanted: string) =>
    succession.functions.filter(({ change }) => change === wanted).length;
  const words = [
    `${count("newly-patched")} newly patched`,
    `${count("patched-again")} patched again`,
    `${count("unchanged")} unchanged`,
    `${count("no-longer-patched")} no longer patched`,
  ];
  return [["previous", `${succession.previous}: ${words.join(", ")}`]];
}

function stackingFacts({ stacking, payload }: BuildReport): readonly (readonly [string, string])[] {
  if (payload === undefined) return [];
  const { mode, guard, below, unchecked } = stacking;
  const compared =
    guard.comparedBytes === 0
      ? `${guard.level}: ${guard.level === "none" ? "Xen compares no old code" : "there is no old code for Xen to compare"}`
      : `${guard.level}: Xen compares ${guard.comparedBytes} bytes of old code, in ${guard.entries} ${guard.entries === 1 ? "entry" : "entries"}`;
  return [
    ["mode", mode],
    ...below.map(({ file, buildId }) => ["on", `${file}, ${buildId}`] as const),
    ["guard", compared],
    ...unchecked.map((words) => ["unchecked", words] as const),
  ];
}

function factsOf(
  report: BuildReport,
  places: ResultPlaces,
): readonly (readonly [string, string])[] {
  const { payload, functions, hooks, compiler, timings, objects } = report;
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  return [
    ...functions.map(({ name, why, oldSizeBytes, newSizeBytes, patches }) => {
      const sizes = `${oldSizeBytes} → ${newSizeBytes} bytes`;
      const by = isSeries(report) ? ` (${patches.join(", ")})` : "";
      return ["replaces", `${name}, ${sizes}${by}: ${why.join("; ")}`] as const;
    }),
    ...hooks.map(({ kind, name, source }) => ["hook", `${name} of ${source}, ${kind}`] as const),
    ...objects.flatMap(({ object, broughtFor }) =>
      broughtFor === undefined ? [] : [["carries", `${object}: ${broughtFor}`] as const],
    ),
    ...countsOf(report),
    ...(payload === undefined
      ? []
      : ([
          ["payload", `${payload.file}, ${payload.sizeBytes} bytes`],
          ["build-id", payload.buildId],
          ["depends", payload.depends],
          ...stackingFacts(report),
        ] as const)),
    ["compiler", compiler.comparison],
    ...(places.report === undefined ? [] : [["report", places.report] as const]),
    [
      "time",
      `${seconds(timings.totalMs)} for ${objects.length} object${objects.length === 1 ? "" : "s"}, ${seconds(timings.ownMs)} of it our own`,
    ],
  ];
}

function isSeries({ inputs }: BuildReport): boolean {
  return Object.keys(inputs.patches).length > 1;
}

export function renderExplanation(
  { object, name, rows }: ExplainedFunction,
  columns: number,
): string {
  return [`${name} of ${object}`, ...alignedLines(rows, columns), ""].join("\n");
}
