// What a run publishes, as JSON: one file for each list, from which the table is made.

import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { writeWhole } from "../../src/files/write-whole.ts";
import { type Described, decodeJson } from "../../src/json/decode-json.ts";
import { type Expectation, ScoreError } from "./fix-list.ts";
import { judge, summarize } from "./judge.ts";
import { resultSchema, trialSchema } from "./result.ts";

const seriesSchema = v.object({
  mode: v.picklist(["stack", "cumulative", "independent"]),
  /** In order. */
  built: v.array(v.string()),
  notBuilt: v.array(resultSchema),
  /** By the hypervisor, since another payload of the series stands in its place. */
  turnedAway: v.array(v.object({ commit: v.string(), said: v.string() })),
  trial: v.optional(trialSchema),
  seconds: v.number(),
  tree: v.optional(v.string()),
});
export type SeriesResult = Described<typeof seriesSchema>;

const scoreReportSchema = v.object({
  format: v.literal(1),
  /** "4.17" */
  list: v.string(),
  base: v.string(),
  compiler: v.string(),
  date: v.string(),
  fixes: v.array(
    v.object({
      ...resultSchema.entries,
      verdict: v.string(),
      /** Why the verdict is not "right". */
      because: v.optional(v.string()),
      /** What a person has said of it. */
      judgement: v.optional(v.string()),
    }),
  ),
  /** How many of the list were not run. */
  missing: v.number(),
  series: v.array(seriesSchema),
  summary: v.object({
    fixes: v.number(),
    right: v.number(),
    payloads: v.number(),
    wrong: v.number(),
    avoidable: v.number(),
    seconds: v.number(),
  }),
});
export type ScoreReport = Described<typeof scoreReportSchema>;

/** Of an earlier run; `undefined` when there is none. */
export function readReport(folder: string, list: string): ScoreReport | undefined {
  const place = join(folder, "score", `${list}.json`);
  if (!existsSync(place)) return undefined;
  const decoded = decodeJson(readFileSync(place, "utf8"), scoreReportSchema);
  if (decoded.kind === "value") return decoded.value;
  throw new ScoreError({
    code: "score/bad-list",
    problem: `Cannot read the results of an earlier run: ${decoded.problem}`,
    where: place,
    remedy: "remove it, and run the score again",
  });
}

/** All lists that were run, the lowest release first. */
export function readReports(folder: string): readonly ScoreReport[] {
  const results = join(folder, "score");
  if (!existsSync(results)) return [];
  const names = readdirSync(results).filter((name) => name.endsWith(".json"));
  return names.sort().flatMap((name) => readReport(folder, name.slice(0, -".json".length)) ?? []);
}

/** What was published, with new answers of some fixes in the place of theirs. */
export function withAnswers(before: ScoreReport | undefined, now: ScoreReport): ScoreReport {
  if (before === undefined) return now;
  const answered = new Map(now.fixes.map((fix) => [fix.commit, fix]));
  const known = new Set(before.fixes.map(({ commit }) => commit));
  const added = now.fixes.filter(({ commit }) => !known.has(commit));
  const fixes = [...before.fixes.map((fix) => answered.get(fix.commit) ?? fix), ...added];
  const judged = fixes.map((result) => ({ result, verdict: { kind: result.verdict } }));
  const missing = before.missing - added.length;
  return { ...before, date: now.date, fixes, missing, summary: summarize(judged) };
}

/** What was published, held against expectations that have changed since; its answers and dates stay. */
export function judgedAnew(
  before: ScoreReport,
  expectations: ReadonlyMap<string, Expectation>,
): ScoreReport {
  const judged = before.fixes.map((fix) => {
    const { verdict: _, because: __, judgement: ___, ...result } = fix;
    return { result, verdict: judge(result, expectations.get(fix.commit)) };
  });
  const fixes = judged.map(({ result, verdict }) => {
    const because = "why" in verdict ? verdict.why : undefined;
    const judgement = expectations.get(result.commit)?.why;
    return { ...result, verdict: verdict.kind, because, judgement };
  });
  return { ...before, fixes, summary: summarize(judged) };
}

export function writeReport(folder: string, report: ScoreReport): void {
  mkdirSync(join(folder, "score"), { recursive: true });
  const place = join(folder, "score", `${report.list}.json`);
  writeWhole(place, `${JSON.stringify(report, undefined, 1)}\n`);
}
