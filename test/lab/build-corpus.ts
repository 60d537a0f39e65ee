// `npm run test:build-corpus`: every patch of the corpus is built, and what is built is applied to a
// real Xen. Says of each what came of it; the last line is JSON.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { XspliceError } from "../../src/error.ts";
import type { CorpusCase } from "../corpus/case.ts";
import { corpus, requireCases } from "../corpus/cases.ts";
import { applyCase, type CorpusXen, openCorpusXen } from "./build-corpus-apply.ts";
import { buildCase, findDisagreements } from "./build-corpus-build.ts";
import { type CorpusSource, fetchCorpusSource } from "./build-corpus-source.ts";

interface Outcome {
  readonly disagreements: readonly string[];
  /** Loaded, applied, seen to act, reverted and unloaded. */
  readonly isSeenOnXen: boolean;
}

async function main(names: readonly string[]): Promise<boolean> {
  const cases = names.length > 0 ? requireCases(names) : corpus;
  const source = await fetchCorpusSource();
  const folder = mkdtempSync(join(tmpdir(), "xsplice-corpus-"));
  const counts = { cases: cases.length, asExpected: 0, appliedOnRealXen: 0 };
  try {
    for (const one of cases) {
      const startedAt = performance.now();
      const { disagreements, isSeenOnXen } = await tryCase(one, source, folder);
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      if (disagreements.length === 0) counts.asExpected++;
      if (isSeenOnXen) counts.appliedOnRealXen++;
      const verdict = disagreements.length === 0 ? "ok" : "NOT AS EXPECTED";
      say(`${verdict.padEnd(3)} ${one.name.padEnd(24)} ${seconds.padStart(6)} s  ${one.rule}`);
      for (const text of disagreements) say(`      ${text.replaceAll("\n", "\n      ")}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  say(JSON.stringify(counts));
  return counts.asExpected === counts.cases;
}

async function tryCase(one: CorpusCase, source: CorpusSource, folder: string): Promise<Outcome> {
  const build = await buildCase(one, source, folder);
  const disagreements = findDisagreements(one, build);
  if (disagreements.length > 0 || one.expected.outcome !== "built") {
    return { disagreements, isSeenOnXen: false };
  }
  let xen: CorpusXen | undefined;
  try {
    xen = await openCorpusXen();
    await xen.lab.guard(applyCase(xen, one, build));
    return { disagreements, isSeenOnXen: one.expected.shows !== undefined };
  } catch (error) {
    // A failure on one Xen is told as one, and the next case gets a fresh Xen.
    if (!(error instanceof Error)) throw error;
    const text = error instanceof XspliceError ? error.message : String(error.stack);
    return { disagreements: [`on real Xen: ${text}`], isSeenOnXen: false };
  } finally {
    await xen?.lab.close();
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
