// Holds the comparison against kpatch's: node dist/bench/kpatch.js FOLDER [--tool PROGRAM] [--json].
// FOLDER is x86_64/ of kpatch-unit-test-objs. Prints where the answers agree, and ends with 1 when one
// differs that is not known to differ (kpatch-answers.ts).
//
// With --tool, kpatch's create-diff-object is run on each pair: its answers are the ones to agree with,
// and its time for all pairs, one process each, stands beside that of one process of ours.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { invariant } from "../src/invariant.ts";
import { type Answer, kpatchAnswers } from "./kpatch-answers.ts";
import {
  askTool,
  comparePair,
  type OwnAnswer,
  type Pair,
  pairsIn,
  prepareForTool,
} from "./kpatch-pairs.ts";

type Answers<One> = Readonly<Record<string, One>>;

interface Measured<Result> {
  readonly result: Result;
  /** Processor time of all processes that were started for it. */
  readonly seconds: number;
  readonly wallSeconds: number;
}

function main(): void {
  const { values, positionals } = parseArgs({
    options: {
      tool: { type: "string" },
      json: { type: "boolean" },
      answer: { type: "boolean" },
    },
    allowPositionals: true,
  });
  const [folder] = positionals;
  if (folder === undefined)
    throw new Error("Which folder? It has pairs NAME.ORIG.o, NAME.PATCHED.o");
  const pairs = pairsIn(folder);
  if (values.answer === true) {
    // V8 begins early to compile what runs often. In a process of a second much of that comes too late,
    // and takes the processor from what it is for.
    setFlagsFromString("--interrupt-budget=1000000");
    const own = pairs.map((pair) => [pair.name, comparePair(pair)] as const);
    process.stdout.write(JSON.stringify(Object.fromEntries(own)));
    return;
  }
  const ours = measure(() => answersInOneProcess(folder));
  const theirs = values.tool === undefined ? undefined : answersOfTool(resolve(values.tool), pairs);
  report(pairs, ours, theirs, values.json === true);
}

function answersInOneProcess(folder: string): Answers<OwnAnswer> {
  const self = fileURLToPath(import.meta.url);
  const { status, stdout, stderr } = spawnSync(process.execPath, [self, folder, "--answer"], {
    encoding: "utf8",
    maxBuffer: 1 << 30,
  });
  invariant(status === 0, `the comparison ended with ${status}: ${stderr}`);
  return JSON.parse(stdout) as Answers<OwnAnswer>;
}

function answersOfTool(tool: string, pairs: readonly Pair[]): Measured<Answers<Answer>> {
  const folder = mkdtempSync(join(tmpdir(), "xsplice-kpatch-"));
  try {
    for (const pair of pairs) prepareForTool(pair, folder);
    return measure(() =>
      Object.fromEntries(pairs.map((pair) => [pair.name, askTool(tool, pair, folder)])),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function measure<Result>(work: () => Result): Measured<Result> {
  const [startedAt, usedBefore] = [performance.now(), secondsOfChildren()];
  const result = work();
  const wallSeconds = (performance.now() - startedAt) / 1000;
  return { result, seconds: secondsOfChildren() - usedBefore, wallSeconds };
}

/** proc(5): cutime and cstime, in hundredths of a second. */
function secondsOfChildren(): number {
  const fields = readFileSync("/proc/self/stat", "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

function report(
  pairs: readonly Pair[],
  ours: Measured<Answers<OwnAnswer>>,
  theirs: Measured<Answers<Answer>> | undefined,
  asJson: boolean,
): void {
  const rows = pairs.map(({ name }) => {
    const own = ours.result[name];
    const known = kpatchAnswers[name];
    const answer = theirs?.result[name] ?? known;
    invariant(own !== undefined && answer !== undefined, `nobody knows kpatch's answer to ${name}`);
    const { changed = [], added = [] } = answer;
    const agrees =
      own.outcome === answer.outcome &&
      (own.outcome === "refused" ||
        (own.changed.join() === changed.join() && own.added.join() === added.join()));
    const found = changed.filter((one) => own.changed.includes(one)).length;
    return { name, own, answer, agrees, differs: known?.differs, found, changed: changed.length };
  });
  const surprising = rows.filter(({ agrees, differs }) => agrees === (differs !== undefined));
  const summary = {
    pairs: rows.length,
    agree: rows.filter(({ agrees }) => agrees).length,
    changedFunctions: rows.reduce((sum, { changed }) => sum + changed, 0),
    found: rows.reduce((sum, { found }) => sum + found, 0),
    surprising: surprising.map(({ name }) => name),
    seconds: ours.seconds,
    wallSeconds: ours.wallSeconds,
    ...(theirs && {
      toolSeconds: theirs.seconds,
      toolWallSeconds: theirs.wallSeconds,
      ratio: ours.seconds / theirs.seconds,
      wallRatio: ours.wallSeconds / theirs.wallSeconds,
    }),
  };
  if (asJson) console.log(JSON.stringify(summary));
  else {
    for (const { name, own, answer, agrees, differs } of rows) {
      console.log(`${agrees ? "agrees " : "DIFFERS"} ${name}: ${textOf(answer)}`);
      if (agrees) continue;
      console.log(`        here: ${textOf(own)}; ${differs ?? "it is not known why"}`);
      for (const reason of differs === undefined ? own.reasons : [])
        console.log(`        ${reason}`);
    }
    console.log(JSON.stringify(summary, undefined, 2));
  }
  if (surprising.length > 0) process.exitCode = 1;
}

function textOf({ outcome, changed = [], added = [] }: Answer): string {
  return [outcome, ...changed, ...added.map((name) => `+${name}`)].join(" ");
}

main();
