// One whole command that compiles, measured from starting the process to its end, with what its
// compilers take of that: a gcc in front of the real one notes when each call began and ended.

import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BuildReport } from "../src/builder/report.ts";
import { invariant } from "../src/invariant.ts";
import { cacheFolder } from "../src/parts/cache-folder.ts";
import { findProgram } from "../src/parts/parts.ts";
import type { CorpusSource } from "../test/lab/build-corpus-source.ts";

const command = fileURLToPath(new URL("../bundle/cli/main.js", import.meta.url));
const patches = fileURLToPath(new URL("../../test/corpus/patches/", import.meta.url));

/** As the table of goals has it; a machine with more would flatter us. */
export const JOBS = 2;

export interface Run {
  readonly seconds: number;
  /** What a person waits for besides make and the compiler; starting the process counts. */
  readonly ownSeconds: number;
  /** Wall-clock time of all compilers, divided by how many run at a time. */
  readonly compilerSeconds: number;
  readonly compilerCalls: number;
}

export interface Workplace {
  readonly source: CorpusSource;
  readonly folder: string;
}

/** Empty but for what was downloaded. */
export function prepareCache(folder: string): void {
  const cache = join(folder, "cache/xsplice");
  mkdirSync(cache, { recursive: true });
  symlinkSync(join(cacheFolder(), "parts"), join(cache, "parts"));
}

/** A gcc that keeps book of compiling and assembling; make also calls it to preprocess and to ask. */
export function prepareCompiler(folder: string): void {
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

export function build({ source, folder }: Workplace, name: string): Run {
  const output = join(folder, `${name}.livepatch`);
  const args = ["--patch", join(patches, `${name}.patch`), "--output", output];
  const { seconds, ...compiler } = measure({ source, folder }, ["build", ...args]);
  const { timings } = JSON.parse(readFileSync(`${output}.json`, "utf8")) as BuildReport;
  const makeSeconds = (timings.totalMs - timings.ownMs) / 1000;
  return { seconds, ownSeconds: seconds - makeSeconds, ...compiler };
}

/** All that remains of the unpatched side; our own part of it is not told apart. */
export function prepare(place: Workplace): Run {
  const { seconds, ...compiler } = measure(place, ["prepare"]);
  return { seconds, ownSeconds: Math.max(0, seconds - compiler.compilerSeconds), ...compiler };
}

function measure(
  { source, folder }: Workplace,
  args: readonly string[],
): Pick<Run, "seconds" | "compilerSeconds" | "compilerCalls"> {
  writeFileSync(logIn(folder), "");
  const startedAt = performance.now();
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      command,
      ...args,
      ...["--source", source.source],
      ...["--xen-syms", source.xenSyms],
      ...["--config", source.config],
      ...["--jobs", String(JOBS)],
      // Our gcc keeps its book where a sandbox would not let it; what one costs is a run of bubblewrap.
      ...["--sandbox", "none"],
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
    `xsplice ${args.join(" ")} ended with ${status}: ${stderr}`,
  );
  const calls = readFileSync(logIn(folder), "utf8").trim().split("\n").filter(Boolean);
  const nanoseconds = calls.reduce((sum, line) => {
    const [from = "0", to = "0"] = line.split(" ");
    return sum + Number(BigInt(to) - BigInt(from));
  }, 0);
  return {
    seconds,
    compilerSeconds: nanoseconds / 1e9 / JOBS,
    compilerCalls: calls.length,
  };
}

function logIn(folder: string): string {
  return join(folder, "compiler.log");
}
