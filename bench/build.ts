// How long a payload takes from a source patch: node dist/bench/build.js [--json]. Whole commands are
// measured, from starting the process to its end, on Debian's Xen 4.17 and patches of test/corpus/.
//
// A first fix starts from a source tree that was never built, with an empty cache. What the compiler
// takes of a run is told by a gcc in front of the real one, which notes when each call began and ended.

import { spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BuildReport } from "../src/builder/report.ts";
import { invariant } from "../src/invariant.ts";
import { cacheFolder } from "../src/parts/cache-folder.ts";
import { findProgram } from "../src/parts/parts.ts";
import { type CorpusSource, fetchCorpusSource } from "../test/lab/build-corpus-source.ts";

const command = fileURLToPath(new URL("../bundle/cli/main.js", import.meta.url));
const patches = fileURLToPath(new URL("../../test/corpus/patches/", import.meta.url));

/** As the table of goals has it; a machine with more would flatter us. */
const JOBS = 2;

const firstPatch = "plain-function";
/** Each touches one C file that no other run has compiled. */
const nextPatches = ["string", "new-data", "cold-part", "line-shift-and-change", "label-table"];
/** Before the header that is measured: a base's first header takes a look at all dependencies. */
const firstHeaderPatch = "struct-layout";
const headerPatch = "header-many-objects";

interface Run {
  readonly seconds: number;
  /** What a person waits for besides make and the compiler; starting the process counts. */
  readonly ownSeconds: number;
  /** Wall-clock time of all compilers, divided by how many run at a time. */
  readonly compilerSeconds: number;
  readonly compilerCalls: number;
}

interface Measured {
  readonly firstSeconds: number;
  /** Medians. */
  readonly nextSeconds: number;
  readonly ownSeconds: number;
  /** The whole command to the compiler's own time. */
  readonly headerRatio: number;
}

interface Workplace {
  readonly source: CorpusSource;
  readonly folder: string;
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
    const measured: Measured = {
      firstSeconds: first.seconds,
      nextSeconds: median(next.map(({ seconds }) => seconds)),
      ownSeconds: median(next.map(({ ownSeconds }) => ownSeconds)),
      headerRatio: header.seconds / header.compilerSeconds,
    };
    if (args.includes("--json")) process.stdout.write(`${JSON.stringify(rounded(measured))}\n`);
    else process.stdout.write(render(measured, { first, next, firstHeader, header }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Empty but for what was downloaded. */
function prepareCache(folder: string): void {
  const cache = join(folder, "cache/xsplice");
  mkdirSync(cache, { recursive: true });
  symlinkSync(join(cacheFolder(), "parts"), join(cache, "parts"));
}

/** A gcc that keeps book of compiling and assembling; make also calls it to preprocess and to ask. */
function prepareCompiler(folder: string): void {
  const gcc = findProgram("gcc", process.env);
  invariant(gcc !== undefined, "the machine has no gcc");
  mkdirSync(join(folder, "bin"));
  const script = [
    "#!/bin/sh",
    "started=$(date +%s%N)",
    `${gcc} "$@"`,
    "status=$?",
    // Make tries out options on nothing, which is no compiling of ours to be measured against.
    'case " $* " in *" /dev/null "*) ;;',
    `*" -c "*) echo "$started $(date +%s%N)" >>"${logIn(folder)}" ;; esac`,
    "exit $status",
    "",
  ];
  const path = join(folder, "bin/gcc");
  writeFileSync(path, script.join("\n"));
  chmodSync(path, 0o755);
}

function logIn(folder: string): string {
  return join(folder, "compiler.log");
}

function build({ source, folder }: Workplace, name: string): Run {
  writeFileSync(logIn(folder), "");
  const output = join(folder, `${name}.livepatch`);
  const startedAt = performance.now();
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      command,
      "build",
      ...["--source", source.source],
      ...["--xen-syms", source.xenSyms],
      ...["--config", source.config],
      ...["--patch", join(patches, `${name}.patch`)],
      ...["--output", output],
      ...["--jobs", String(JOBS)],
    ],
    {
      encoding: "utf8",
      env: {
        ...process.env,
        XDG_CACHE_HOME: join(folder, "cache"),
        PATH: [join(folder, "bin"), process.env["PATH"] ?? ""].join(delimiter),
      },
    },
  );
  const seconds = (performance.now() - startedAt) / 1000;
  // 2: it cannot be live patched, which was found out by the same work.
  invariant(
    status === 0 || status === 2,
    `xsplice build of ${name} ended with ${status}: ${stderr}`,
  );
  const { timings } = JSON.parse(readFileSync(`${output}.json`, "utf8")) as BuildReport;
  const makeSeconds = (timings.totalMs - timings.ownMs) / 1000;
  const calls = readFileSync(logIn(folder), "utf8").trim().split("\n").filter(Boolean);
  const nanoseconds = calls.reduce((sum, line) => {
    const [from = "0", to = "0"] = line.split(" ");
    return sum + Number(BigInt(to) - BigInt(from));
  }, 0);
  return {
    seconds,
    ownSeconds: seconds - makeSeconds,
    compilerSeconds: nanoseconds / 1e9 / JOBS,
    compilerCalls: calls.length,
  };
}

function median(values: readonly number[]): number {
  const middle = values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)];
  invariant(middle !== undefined, "nothing was measured");
  return middle;
}

function rounded(measured: Measured): Measured {
  const round = (value: number): number => Math.round(value * 100) / 100;
  const { firstSeconds, nextSeconds, ownSeconds, headerRatio } = measured;
  return {
    firstSeconds: round(firstSeconds),
    nextSeconds: round(nextSeconds),
    ownSeconds: round(ownSeconds),
    headerRatio: round(headerRatio),
  };
}

interface Runs {
  readonly first: Run;
  readonly next: readonly Run[];
  readonly firstHeader: Run;
  readonly header: Run;
}

function render(measured: Measured, { first, next, firstHeader, header }: Runs): string {
  const rows: readonly (readonly [what: string, run: Run])[] = [
    ["first payload, from a source that was never built", first],
    ...next.map((run, index): [string, Run] => {
      return [`  next: ${nextPatches[index]}`, run];
    }),
    ["first header of a base, with its look at all dependencies", firstHeader],
    ["a header that more than a hundred objects read", header],
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
  ].join("");
}

await main(process.argv.slice(2));
