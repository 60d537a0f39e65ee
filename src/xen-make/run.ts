// Runs Xen's own make. Only one kind of thing comes back: what it printed, or an error with the part
// of it that says why. make runs in a process group of its own, which is stopped as a whole; and so is what has
// left it.

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { requireSpace } from "../build-outcome/build-error.ts";
import { killStarted, newMark } from "../processes/mark.ts";
import { confined } from "./sandbox/sandbox.ts";
import type { MakeTools } from "./tools.ts";

export interface MakeRequest {
  /** A scratch copy: all that make may change. */
  readonly tree: string;
  readonly tools: MakeTools;
  readonly goals: readonly string[];
  /** `NAME=VALUE`, besides those of the tools. */
  readonly variables?: readonly string[];
  /** Instead of the directory's own Makefile. */
  readonly makeFile?: string;
  /** `--dry-run`, `--keep-going`. */
  readonly flags?: readonly string[];
  readonly jobs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface MakeResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * What would differ from day to day and from machine to machine: it is compiled into strings, and
 * has to be the same before and after the patch.
 */
const fixedFacts = [
  "XEN_BUILD_DATE=Thu Jan  1 00:00:00 UTC 1970",
  "XEN_BUILD_TIME=00:00:00",
  "XEN_BUILD_HOST=localhost",
  "XEN_WHOAMI=xsplice",
  "XEN_DOMAIN=localdomain",
] as const;

/** Does not throw when make fails otherwise. @throws BuildError build/cannot-store; the reason of `signal` */
export async function runMake(request: MakeRequest): Promise<MakeResult> {
  const { tree, tools, goals, variables = [], makeFile, flags = [], jobs, signal } = request;
  signal?.throwIfAborted();
  const make = [
    ...["make", `--jobs=${jobs}`, ...flags, "-C", join(tree, "xen")],
    ...(makeFile === undefined ? [] : ["-f", makeFile]),
    ...[...fixedFacts, ...tools.variables, ...variables],
    ...goals,
  ];
  const [program = "", ...args] = confined(tools.sandbox, make, { tree, access: "write" });
  const mark = newMark({ ...tools.environment });
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: mark.environment,
    detached: true,
  });
  const kill = (): void => {
    killStarted(isRunning(child) ? child.pid : undefined, mark);
    child.kill("SIGKILL");
    for (const stream of [child.stdout, child.stderr]) stream.destroy();
  };
  let force: NodeJS.Timeout | undefined;
  const stop = (): void => {
    // The group: make, its shells and the compilers.
    if (child.pid !== undefined && isRunning(child)) process.kill(-child.pid, "SIGTERM");
    force = setTimeout(kill, PATIENCE_MS);
  };
  signal?.addEventListener("abort", stop, { once: true });
  process.once("exit", stop);
  const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  child.stdout.on("data", (chunk: Buffer) => chunks.stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => chunks.stderr.push(chunk));
  try {
    const exitCode = await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve(code ?? 128));
    });
    if (signal?.aborted) kill();
    signal?.throwIfAborted();
    const text = (list: Buffer[]) => Buffer.concat(list).toString("utf8");
    const result = { exitCode, stdout: text(chunks.stdout), stderr: text(chunks.stderr) };
    // Not the source, then, whatever was compiled: in all that was said, which may be long.
    if (exitCode !== 0) requireSpace(result.stderr, tree);
    return result;
  } finally {
    clearTimeout(force);
    signal?.removeEventListener("abort", stop);
    process.removeListener("exit", stop);
  }
}

/** For removing what is half made, after it was asked to end. */
const PATIENCE_MS = 2000;

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

/** What a person wants to read of a failure: the compiler's errors, without make's frame. */
export function errorsOf({ stdout, stderr }: MakeResult): string {
  const LINES_MAX = 20;
  const lines = stderr.split("\n").filter((line) => line.trim() !== "");
  const telling = lines.filter((line) => !/^make(\[\d+\])?: /.test(line));
  const shown = telling.length > 0 ? telling : lines.length > 0 ? lines : stdout.split("\n");
  const cut = shown.slice(0, LINES_MAX).join("\n");
  return shown.length > LINES_MAX ? `${cut}\n(${shown.length - LINES_MAX} more lines)` : cut;
}
