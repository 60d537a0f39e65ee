// One row: all cells on one base, each with its outcome. What fails in one does not end the others.

import { join } from "node:path";
import { XspliceError } from "../../src/error.ts";
import { makeTemporaryFolder } from "../../src/files/temporary-folder.ts";
import { openCompiler } from "../../src/parts/compiler-program.ts";
import { compilerIds } from "../../src/parts/definitions/compiler-parts.ts";
import { findMakeTools } from "../../src/xen-make/tools.ts";
import { withoutFolders } from "../score/without-folders.ts";
import { Bench, type MadePayload, RefusedFix } from "./bench.ts";
import { type Cell, cells } from "./cells.ts";
import type { Row } from "./matrix.ts";
import type { BasesOptions } from "./options.ts";
import type { MakeRun } from "./own-hypervisor.ts";
import type { BaseResult, CellResult } from "./result.ts";

/** What needs no source. */
const withoutSource = new Set(["boots", "compile", "check"]);
const WORDS_MAX = 900;

/** @throws what opening the base throws; the reason of `signal` */
export async function runRow(row: Row, options: BasesOptions, run: MakeRun): Promise<BaseResult> {
  const { signal, say } = run;
  const opened = await row.open(run, await compilerOf(options.compiler, signal));
  const { compiler } = opened;
  const tools = await findMakeTools({ architecture: "x86_64", compiler, signal });
  using folder = makeTemporaryFolder("bases");
  const { jobs, mutations, only } = options;
  const on = { word: opened.word, base: opened.base, compiler };
  await using bench = new Bench(on, { folder: join(folder.path, "made"), jobs, mutations, signal });
  const { noSource } = opened;
  const chosen = cells.filter(({ name }) => only.length === 0 || only.includes(name));
  const made = new Map<Cell, Attempt<readonly MadePayload[]>>();
  for (const cell of chosen) {
    if (noSource !== undefined && !withoutSource.has(cell.name)) continue;
    made.set(cell, await attempt(() => cell.make(bench), signal));
  }
  // From here nothing is compiled: a lab may wait without taking time from it.
  const results: CellResult[] = [];
  for (const cell of chosen) {
    const result = await runCell(cell, made.get(cell), bench, noSource ?? "");
    const { outcome, words, seconds } = result;
    const time = seconds.toFixed(1).padStart(6);
    say(`  ${cell.name.padEnd(12)} ${outcome.padEnd(9)} ${time} s  ${words}`);
    results.push(result);
  }
  const date = new Date().toISOString().slice(0, 10);
  return { name: row.name, compiler: tools.compilerVersion, on: date, cells: results };
}

/** A name, or a path; those of Debian's releases are fetched where this machine has none. */
async function compilerOf(
  name: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (name === undefined || !compilerIds.includes(name)) return name;
  return await openCompiler(name, { signal });
}

async function runCell(
  cell: Cell,
  made: Attempt<readonly MadePayload[]> | undefined,
  bench: Bench,
  whyNot: string,
): Promise<CellResult> {
  if (made === undefined) {
    return { cell: cell.name, outcome: "not-tried", words: whyNot, seconds: 0 };
  }
  const ran =
    "error" in made ? made : await attempt(() => cell.run(bench, made.value), bench.options.signal);
  const ms = made.ms + (ran === made ? 0 : ran.ms);
  const seconds = Math.round(ms / 100) / 10;
  if (!("error" in ran)) return { cell: cell.name, outcome: "passed", words: ran.value, seconds };
  await bench.renew();
  const { error } = ran;
  const isRefused = error instanceof RefusedFix;
  const text = isRefused || error instanceof XspliceError ? error.message : String(error);
  const words = withoutFolders(text).slice(0, WORDS_MAX);
  return { cell: cell.name, outcome: isRefused ? "refused" : "failed", words, seconds };
}

type Attempt<Value> =
  | { readonly value: Value; readonly ms: number }
  | { readonly error: Error; readonly ms: number };

/** @throws the reason of `signal` */
async function attempt<Value>(
  work: () => Promise<Value>,
  signal: AbortSignal,
): Promise<Attempt<Value>> {
  const startedAt = performance.now();
  try {
    const value = await work();
    return { value, ms: performance.now() - startedAt };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Error)) throw error;
    return { error, ms: performance.now() - startedAt };
  }
}
