// A whole run: the base, each fix alone, the list as a series in three modes, and the judgement of all.

import { existsSync, readFileSync } from "node:fs";
import { openScoredBase, type ScoredBase } from "./base.ts";
import { askBuild, askCheck, readPayload } from "./build-fix.ts";
import { Clone } from "./clone.ts";
import { type Expectation, type Fix, readExpectations, readFixes, ScoreError } from "./fix-list.ts";
import { changeOf, inWords, type Judged, judge, summarize } from "./judge.ts";
import { digestOf, KeptResults, toolDigest } from "./kept.ts";
import type { Result } from "./result.ts";
import type { ScoreReport, SeriesResult } from "./score-report.ts";
import { runCumulative, runIndependent, runStack, type SeriesRequest } from "./series.ts";
import { treeOfTool } from "./tree.ts";
import { tryPayload } from "./trial.ts";

export interface ScoreRequest {
  readonly xen: string;
  readonly base: string;
  readonly config: string;
  /** The list's file. */
  readonly fixes: string;
  readonly jobs: number;
  /** Only these, and no series; all when empty. */
  readonly only: readonly string[];
  /** Ends after so many builds; another run goes on. */
  readonly atMost: number;
  readonly series: boolean;
  /** Builds no fix alone: the series goes by the answers of earlier runs that were published. */
  readonly seriesOnly: boolean;
  /** Builds no fix alone: what earlier runs have found is judged and published, with the number that lacks. */
  readonly keptOnly: boolean;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
  /** Of an earlier run, to see what has changed. */
  readonly before: ScoreReport | undefined;
  /** A hypervisor that is there already; else the base is built. */
  readonly built?: ScoredBase;
}

/** There is more to do, and another run goes on with it. */
export class ToBeContinued extends Error {}

/** @throws ScoreError, ToBeContinued; the reason of `signal` */
export async function runScore(request: ScoreRequest): Promise<ScoreReport> {
  const { say, signal, jobs } = request;
  const fixes = readFixes(readFileSync(request.fixes, "utf8"), request.fixes);
  const expectations = expectationsBeside(request.fixes);
  const clone = new Clone(request.xen);
  const base = request.built ?? (await openScoredBase({ ...request, clone }));
  const tool = toolDigest();
  let left = request.atMost;
  const spend = (): void => {
    if (left-- <= 0) throw new ToBeContinued();
  };
  const run: RunOfFixes = { clone, base, tool, jobs, signal, say, spend };
  const chosen = fixes.filter(({ commit }) => {
    return request.only.length === 0 || request.only.some((one) => commit.startsWith(one));
  });
  if (request.seriesOnly) return await withSeries(request, { ...run, fixes });
  const judged: Judged[] = [];
  let missing = 0;
  for (const [index, fix] of chosen.entries()) {
    const result = request.keptOnly ? findKept(fix, run) : await scoreOne(fix, run);
    if (result === undefined) {
      missing++;
      continue;
    }
    const verdict = judge(result, expectations.get(fix.commit));
    judged.push({ result, verdict });
    const place = `${String(index + 1).padStart(3)}/${chosen.length}`;
    say(`${place} ${fix.commit} ${verdict.kind.padEnd(12)} ${inWords(result).slice(0, 100)}`);
    const earlier = request.before?.fixes.find(({ commit }) => commit === fix.commit);
    const change = earlier && changeOf(earlier, result);
    if (change !== undefined) say(`        CHANGED, ${change}`);
  }
  const alone = new Map(judged.map(({ result }) => [result.commit, result]));
  const series =
    request.series && request.only.length === 0 ? await allSeries({ ...run, fixes, alone }) : [];
  return reportOf(request, { base, judged, missing, series, expectations });
}

/** The series of what was published: a whole run of the list takes hours, its series minutes. */
async function withSeries(
  { before, fixes: list }: ScoreRequest,
  run: Omit<SeriesRequest, "alone">,
): Promise<ScoreReport> {
  if (before === undefined) {
    throw new ScoreError({
      code: "score/bad-arguments",
      problem: "Cannot make a series of what was published: nothing was",
      where: list,
      remedy: "run the list first, without --series-only",
    });
  }
  const alone = new Map(before.fixes.map((result) => [result.commit, result]));
  return { ...before, series: await allSeries({ ...run, alone }) };
}

type RunOfFixes = Omit<SeriesRequest, "fixes" | "alone">;

function findKept({ commit, advisories }: Fix, run: RunOfFixes): Result | undefined {
  const kept = new KeptResults(run.base, "alone", run.tool);
  const known = kept.find(commit, [digestOf(run.clone.patchOf(commit))]);
  // Advisories are the list's.
  return known && { ...known, advisories };
}

async function scoreOne(fix: Fix, run: RunOfFixes): Promise<Result> {
  const known = findKept(fix, run);
  if (known !== undefined) return known;
  const { clone, base, tool, jobs, signal, spend } = run;
  const { commit, advisories } = fix;
  const kept = new KeptResults(base, "alone", tool);
  const text = clone.patchOf(commit);
  spend();
  const output = kept.payloadOf(commit);
  const patches = [{ name: "fix", text }];
  const asked = await askBuild({ base, patches, output, options: [], jobs, signal });
  const result = { commit, advisories, ...asked, tree: treeOfTool() };
  const bytes = asked.answer.kind === "payload" ? readPayload(output) : undefined;
  const tried: Result =
    bytes === undefined
      ? result
      : {
          ...result,
          check: await askCheck(base, [output], signal),
          trial: await tryPayload(base, { name: commit, bytes }, signal),
        };
  kept.keep(tried, [digestOf(text)]);
  return tried;
}

async function allSeries(request: SeriesRequest): Promise<readonly SeriesResult[]> {
  const { say } = request;
  say("as a stack");
  const stack = await runStack(request);
  say("as cumulative payloads");
  const cumulative = await runCumulative(request, stack.built);
  say("as independent payloads");
  return [stack, cumulative, await runIndependent(request)];
}

export function expectationsBeside(list: string): ReadonlyMap<string, Expectation> {
  const place = list.replace(/\.fixes$/, ".expected");
  if (place === list || !existsSync(place)) return new Map();
  return readExpectations(readFileSync(place, "utf8"), place);
}

interface Found {
  readonly base: ScoredBase;
  readonly judged: readonly Judged[];
  readonly missing: number;
  readonly series: readonly SeriesResult[];
  readonly expectations: ReadonlyMap<string, Expectation>;
}

function reportOf(request: ScoreRequest, found: Found): ScoreReport {
  const list = request.fixes.replace(/^.*\//, "").replace(/\.fixes$/, "");
  return {
    format: 1,
    list,
    base: request.base,
    compiler: found.base.compiler,
    date: new Date().toISOString().slice(0, 10),
    fixes: found.judged.map(({ result, verdict }) => {
      const because = "why" in verdict ? verdict.why : undefined;
      const judgement = found.expectations.get(result.commit)?.why;
      return { ...result, verdict: verdict.kind, because, judgement };
    }),
    missing: found.missing,
    series: found.series.length > 0 ? found.series : (request.before?.series ?? []),
    summary: summarize(found.judged),
  };
}
