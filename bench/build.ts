// How long a payload takes from a source patch: node dist/bench/build.js [--json]. Whole commands are
// measured, from starting the process to its end, on Debian's Xen 4.17 and patches of test/corpus/.
//
// A first fix starts from a source tree that was never built, with an empty cache. What the compiler
// takes of a run is told by a gcc in front of the real one, which notes when each call began and ended.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { invariant } from "../src/invariant.ts";
import { fetchCorpusSource } from "../test/lab/build-corpus-source.ts";
import { build, JOBS, prepare, prepareCache, prepareCompiler, type Run } from "./measured-build.ts";

const firstPatch = "plain-function";
/** Each touches one C file that no other run has compiled. */
const nextPatches = ["string", "new-data", "cold-part", "line-shift-and-change", "label-table"];
/** Before the header that is measured: a base's first header takes a look at all dependencies. */
const firstHeaderPatch = "struct-layout";
const headerPatch = "header-many-objects";

interface Measured {
  readonly firstSeconds: number;
  /** Medians. */
  readonly nextSeconds: number;
  readonly ownSeconds: number;
  /** The whole command to the compiler's own time. */
  readonly headerRatio: number;
  /** The same where all unpatched objects are there. */
  readonly preparedRatio: number;
}

async function main(args: readonly string[]): Promise<void> {
  const source = await fetchCorpusSource();
  const folder = mkdtempSync(join(tmpdir(), "xsplice-bench-build-"));
  try {
    prepareCache(folder);
    prepareCompiler(folder);
    const place = { source, folder };
    const first = build(place, firstPatch);
    const next = nextPatches.map((name) => build(place, name));
    const firstHeader = build(place, firstHeaderPatch);
    const header = build(place, headerPatch);
    const ahead = prepare(place);
    const prepared = build(place, headerPatch);
    const measured: Measured = {
      firstSeconds: first.seconds,
      nextSeconds: median(next.map(({ seconds }) => seconds)),
      ownSeconds: median(next.map(({ ownSeconds }) => ownSeconds)),
      headerRatio: header.seconds / header.compilerSeconds,
      preparedRatio: prepared.seconds / prepared.compilerSeconds,
    };
    if (args.includes("--json")) process.stdout.write(`${JSON.stringify(rounded(measured))}\n`);
    else
      process.stdout.write(render(measured, { first, next, firstHeader, header, ahead, prepared }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function median(values: readonly number[]): number {
  const middle = values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)];
  invariant(middle !== undefined, "nothing was measured");
  return middle;
}

function rounded(measured: Measured): Measured {
  const round = (value: number): number => Math.round(value * 100) / 100;
  const { firstSeconds, nextSeconds, ownSeconds, headerRatio, preparedRatio } = measured;
  return {
    firstSeconds: round(firstSeconds),
    nextSeconds: round(nextSeconds),
    ownSeconds: round(ownSeconds),
    headerRatio: round(headerRatio),
    preparedRatio: round(preparedRatio),
  };
}

interface Runs {
  readonly first: Run;
  readonly next: readonly Run[];
  readonly firstHeader: Run;
  readonly header: Run;
  readonly ahead: Run;
  readonly prepared: Run;
}

function render(
  measured: Measured,
  { first, next, firstHeader, header, ahead, prepared }: Runs,
): string {
  const rows: readonly (readonly [what: string, run: Run])[] = [
    ["first payload, from a source that was never built", first],
    ...next.map((run, index): [string, Run] => {
      return [`  next: ${nextPatches[index]}`, run];
    }),
    ["first header of a base, with its look at all dependencies", firstHeader],
    ["a header that more than a hundred objects read", header],
    ["xsplice prepare: the other unpatched objects", ahead],
    ["the same header again, only its patched side", prepared],
  ];
  const line = (what: string, ...columns: readonly string[]): string =>
    `${what.padEnd(58)} ${columns.map((column) => column.padStart(10)).join("")}\n`;
  const seconds = (value: number): string => `${value.toFixed(2)} s`;
  return [
    line(`${JOBS} compilers at a time`, "whole", "ours", "compiler", "calls"),
    ...rows.map(([what, { seconds: whole, ownSeconds, compilerSeconds, compilerCalls }]) =>
      line(what, seconds(whole), seconds(ownSeconds), seconds(compilerSeconds), `${compilerCalls}`),
    ),
    "\n",
    line("", "measured", "goal"),
    line("first payload", seconds(measured.firstSeconds), "30 s"),
    line("each next fix of one file, median", seconds(measured.nextSeconds), "4 s"),
    line("  of which our own, median", seconds(measured.ownSeconds), "0.5 s"),
    line("a header, to the compiler's own time", measured.headerRatio.toFixed(2), "1.2"),
    line("  when prepared", measured.preparedRatio.toFixed(2), "1.1"),
  ].join("");
}

await main(process.argv.slice(2));
