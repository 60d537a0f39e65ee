// A bisection as text: each probe with its result, and the log at the end.

import type { BisectEvent, BisectReport } from "../../bisect/bisect.ts";
import type { ProbeRecord, SeriesFix } from "../../bisect/record.ts";
import type { Conclusion } from "../../bisect/search.ts";
import { invariant } from "../../invariant.ts";

/** One line of progress. */
export function renderEvent(event: BisectEvent, count: number): string {
  switch (event.kind) {
    case "begins": {
      const { prefix, stepsLeft } = event;
      return `trying ${prefixWords(prefix, count)} (${stepsLeft} ${stepsLeft === 1 ? "step" : "steps"} left, if all can tell)\n`;
    }
    case "probed":
      return `  ${verdictWords(event.probe)}\n`;
    case "restoring":
      return event.stack.length === 0
        ? "putting the host back: no payload was applied\n"
        : `putting the host back: ${event.stack.join(", ")}\n`;
  }
}

export function renderBisection({ conclusion, record }: BisectReport): string {
  const { fixes } = record.subject;
  const log = record.probes.map((probe) => {
    const { prefix, elapsedMs } = probe;
    const seconds = `${(elapsedMs / 1000).toFixed(1)} s`;
    return `  ${prefixWords(prefix, fixes.length).padEnd(24)} ${seconds.padStart(8)}  ${verdictWords(probe)}`;
  });
  return [...concludingLines(conclusion, fixes), "", "tried:", ...log, ""].join("\n");
}

/** The fixes that the conclusion names, if any. */
export function namedFixes(
  conclusion: Conclusion,
  fixes: readonly SeriesFix[],
): readonly SeriesFix[] {
  switch (conclusion.kind) {
    case "found":
      return fixes.slice(conclusion.fix - 1, conclusion.fix);
    case "narrowed":
      return fixes.slice(conclusion.first - 1, conclusion.last);
    default:
      return [];
  }
}

function concludingLines(conclusion: Conclusion, fixes: readonly SeriesFix[]): readonly string[] {
  const { length: count } = fixes;
  const named = namedFixes(conclusion, fixes);
  switch (conclusion.kind) {
    case "found": {
      const [fix] = named;
      invariant(fix !== undefined, "a fix that is found is one of the series");
      return [`The check fails from fix ${conclusion.fix} of ${count} on: ${fix.name}`];
    }
    case "narrowed":
      return [
        `The check fails from one of these fixes on; what lies between them could not be judged:`,
        ...named.map(({ name }, index) => `  fix ${conclusion.first + index} of ${count}: ${name}`),
      ];
    case "never-fails":
      return [`The check passes with all ${count} fixes: there is nothing to find`];
    case "always-fails":
      return ["The check also fails without any fix: none of them is the cause"];
    case "undecided":
      return [
        `It is not known whether the check fails with ${prefixWords(conclusion.prefix, count)}`,
      ];
  }
}

function prefixWords(prefix: number, count: number): string {
  if (prefix === 0) return "no fix";
  return prefix === count ? `all ${count} fixes` : `the first ${prefix} of ${count}`;
}

function verdictWords({ verdict, exitCode, words }: ProbeRecord): string {
  const said = words === "" ? "" : `: ${words.split("\n").at(-1)}`;
  switch (verdict) {
    case "good":
      return "good";
    case "bad":
      return `bad, exit code ${exitCode}${said}`;
    case "cannot-tell":
      return `cannot tell${said}`;
  }
}
