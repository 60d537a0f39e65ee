// The list as a series, in each of the three modes: what can be built of it in order, and what the
// hypervisor says when all of it is applied.
//
// Fixes that are refused alone, or change nothing, are left out; one that does not fit the base alone
// may do so after others.

import { readFileSync } from "node:fs";
import type { PayloadMode } from "../../src/payload/metadata-keys.ts";
import type { ScoredBase } from "./base.ts";
import { askBuild } from "./build-fix.ts";
import type { Clone } from "./clone.ts";
import type { Fix } from "./fix-list.ts";
import { digestOf, KeptResults } from "./kept.ts";
import type { Result } from "./result.ts";
import type { SeriesResult } from "./score-report.ts";
import { treeOfTool } from "./tree.ts";
import { onXen, type XenOnTrial } from "./trial.ts";

export interface SeriesRequest {
  readonly clone: Clone;
  readonly base: ScoredBase;
  readonly tool: string;
  readonly fixes: readonly Fix[];
  readonly alone: ReadonlyMap<string, Result>;
  readonly jobs: number;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
  /** Called before each build or trial that was not done yet. */
  readonly spend: () => void;
}

interface Built {
  readonly commit: string;
  readonly payload: string;
}

export async function runStack(request: SeriesRequest): Promise<SeriesResult> {
  const built: Built[] = [];
  const results = await buildAll(request, "stack", {
    wanted: ({ answer: { kind } }) => kind === "payload" || kind === "not-alone",
    optionsFor: () => built.flatMap(({ payload }) => ["--on", payload]),
    onBuilt: (one) => built.push(one),
  });
  return await tryAll(request, "stack", { results, built }, async (xen) => {
    for (const { commit, payload } of built) {
      await xen.upload(commit, readFileSync(payload));
      await xen.act("apply", commit);
    }
    await xen.exercise("the last apply");
    for (const { commit } of built.toReversed()) {
      await xen.act("revert", commit);
      await xen.act("unload", commit);
    }
    await xen.exercise("the last revert");
  });
}

/** Applied as listed, though none was built with another one below; Xen reverts only the last one. */
export async function runIndependent(request: SeriesRequest): Promise<SeriesResult> {
  const built: Built[] = [];
  const results = await buildAll(request, "independent", {
    wanted: ({ answer: { kind } }) => kind === "payload",
    optionsFor: () => ["--mode", "independent"],
    onBuilt: (one) => built.push(one),
  });
  const turnedAway: { commit: string; said: string }[] = [];
  const tried = await tryAll(request, "independent", { results, built }, async (xen) => {
    const applied: string[] = [];
    for (const { commit, payload } of built) {
      await xen.upload(commit, readFileSync(payload));
      // Two fixes of one function are none that go in any order: Xen turns the second one away.
      const said = await xen.tryToApply(commit);
      if (said === undefined) applied.push(commit);
      else turnedAway.push({ commit, said });
    }
    await xen.exercise("the last apply");
    for (const commit of applied.toReversed()) await xen.act("revert", commit);
    await xen.exercise("the last revert");
  });
  return { ...tried, turnedAway };
}

/** One payload with the first half of what can be stacked, replaced by one with all of it. */
export async function runCumulative(
  request: SeriesRequest,
  stacked: readonly string[],
): Promise<SeriesResult> {
  const half = stacked.slice(0, Math.ceil(stacked.length / 2));
  const parts = half.length === stacked.length ? [half] : [half, stacked];
  const kept = new KeptResults(request.base, "cumulative", request.tool);
  const built: Built[] = [];
  const results: Result[] = [];
  for (const [index, commits] of parts.entries()) {
    const name = `cumulative-${index + 1}-of-${parts.length}`;
    const payload = kept.payloadOf(name);
    const previous = built.flatMap((one) => ["--previous", one.payload]);
    const options = ["--mode", "cumulative", ...previous];
    const result = await buildOne(request, kept, { name, commits, payload, options });
    results.push(result);
    if (result.answer.kind === "payload") built.push({ commit: name, payload });
  }
  return await tryAll(request, "cumulative", { results, built }, async (xen) => {
    for (const [index, { commit, payload }] of built.entries()) {
      await xen.upload(commit, readFileSync(payload));
      await xen.act(index === 0 ? "apply" : "replace", commit);
      await xen.exercise(`${commit}`);
    }
    const last = built.at(-1)?.commit;
    if (last !== undefined) await xen.act("revert", last);
    await xen.exercise("the revert");
  });
}

interface Way {
  readonly wanted: (alone: Result) => boolean;
  readonly optionsFor: () => readonly string[];
  readonly onBuilt: (built: Built) => void;
}

async function buildAll(request: SeriesRequest, mode: PayloadMode, way: Way): Promise<Result[]> {
  const kept = new KeptResults(request.base, mode, request.tool);
  const results: Result[] = [];
  for (const { commit } of request.fixes) {
    const alone = request.alone.get(commit);
    if (alone === undefined || !way.wanted(alone)) continue;
    const payload = kept.payloadOf(commit);
    const options = way.optionsFor();
    const one = { name: commit, commits: [commit], payload, options };
    const result = await buildOne(request, kept, one);
    results.push(result);
    if (result.answer.kind === "payload") way.onBuilt({ commit, payload });
  }
  return results;
}

interface OneOfSeries {
  readonly name: string;
  readonly commits: readonly string[];
  readonly payload: string;
  readonly options: readonly string[];
}

async function buildOne(
  { clone, base, jobs, signal, say, spend }: SeriesRequest,
  kept: KeptResults,
  { name, commits, payload, options }: OneOfSeries,
): Promise<Result> {
  const patches = commits.map((commit, at) => {
    return { name: `${String(at).padStart(3, "0")}-${commit}`, text: clone.patchOf(commit) };
  });
  const inputs = [...patches.map(({ text }) => digestOf(text)), ...options.map(contentOf)];
  const known = kept.find(name, inputs);
  if (known !== undefined) return known;
  spend();
  const asked = await askBuild({ base, patches, output: payload, options, jobs, signal });
  const result: Result = { commit: name, advisories: [], ...asked };
  kept.keep(result, inputs);
  say(`  ${name}  ${asked.answer.kind}, ${asked.seconds.toFixed(1)} s`);
  return result;
}

/** A payload that is given by its path counts by what is in it. */
function contentOf(option: string): string {
  return option.endsWith(".livepatch") ? digestOf(readFileSync(option)) : option;
}

async function tryAll(
  { base, signal, say, spend }: SeriesRequest,
  mode: PayloadMode,
  { results, built }: { readonly results: readonly Result[]; readonly built: readonly Built[] },
  work: (xen: XenOnTrial) => Promise<void>,
): Promise<SeriesResult> {
  spend();
  say(`  on the hypervisor: ${built.length} payloads`);
  const trial = built.length === 0 ? undefined : await onXen(base, signal, work);
  return {
    mode,
    built: built.map(({ commit }) => commit),
    notBuilt: results.filter(({ answer }) => answer.kind !== "payload"),
    turnedAway: [],
    trial,
    seconds: results.reduce((sum, { seconds }) => sum + seconds, 0),
    tree: treeOfTool(),
  };
}
