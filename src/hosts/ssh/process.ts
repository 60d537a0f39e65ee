// One process of ssh(1): what it prints, up to a limit, and its end.

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { killStarted, type Mark, newMark } from "../../processes/mark.ts";

export type SshProcess = ChildProcessWithoutNullStreams;

/** The most that is read of a remote command's output. */
export const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;
/** The most that is read until a session has begun: it is looked through again as it grows. */
const BEGINNING_BYTES_MAX = 1024 * 1024;
/** ssh(1) exits with this when the connection, not the command, failed. */
export const SSH_FAILED = 255;
/** A process that ignores the end of its input is killed after this time. */
const PATIENCE_MS = 2000;
/** What a process leaves behind, such as the connection to a jump host, may hold its outputs for ever. */
const LAST_WORDS_MS = 250;

const marks = new WeakMap<SshProcess, Mark>();

/** Not in a group of its own: that would keep ssh from asking for a password at the terminal. */
export function startProcess(program: string, args: readonly string[]): SshProcess {
  const mark = newMark();
  const child = spawn(program, [...args], { env: mark.environment });
  marks.set(child, mark);
  return child;
}

export type ProcessEnd =
  | {
      readonly kind: "ended";
      readonly stdout: string;
      readonly stderr: string;
      readonly exitCode: number;
    }
  | TooMuchOutput;

export interface TooMuchOutput {
  readonly kind: "too-much";
  readonly output: "standard output" | "error output";
  /** The output up to the limit. */
  readonly bytes: number;
}

/** Writes its input and waits for its end; an abort of `signal` ends it. */
export async function finished(
  child: SshProcess,
  stdin: Uint8Array | undefined,
  signal: AbortSignal,
): Promise<ProcessEnd> {
  using _ = stoppedBy(signal, child);
  let tooMuch: TooMuchOutput | undefined;
  const collect = (stream: Readable, output: TooMuchOutput["output"]): (() => string) =>
    collected(stream, (bytes) => {
      tooMuch ??= { kind: "too-much", output, bytes };
      stop(child);
    });
  const stdout = collect(child.stdout, "standard output");
  const stderr = collect(child.stderr, "error output");
  child.stdin.on("error", () => undefined); // the command went away early: its exit code tells
  child.stdin.end(stdin);
  const failure = await untilClosed(child);
  if (tooMuch !== undefined) return tooMuch;
  const exitCode = failure === undefined ? (child.exitCode ?? SSH_FAILED) : SSH_FAILED;
  return { kind: "ended", stdout: stdout(), stderr: failure?.message ?? stderr(), exitCode };
}

/** `words`: the result of `find`; `undefined` when the process ended, or printed too much, before. */
export interface Beginning {
  readonly words: string | undefined;
  readonly stderr: string;
  readonly tooMuch: TooMuchOutput | undefined;
}

/** Waits until `find` returns a result for its output, and then leaves it running. */
export async function begun(
  child: SshProcess,
  find: (stdout: string) => string | undefined,
  signal: AbortSignal,
): Promise<Beginning> {
  using _ = stoppedBy(signal, child);
  let tooMuch: TooMuchOutput | undefined;
  const collect = (stream: Readable, output: TooMuchOutput["output"]): (() => string) => {
    const onTooMuch = (bytes: number): void => {
      tooMuch ??= { kind: "too-much", output, bytes };
      stop(child);
    };
    return collected(stream, onTooMuch, BEGINNING_BYTES_MAX);
  };
  const stdout = collect(child.stdout, "standard output");
  const stderr = collect(child.stderr, "error output");
  child.stdin.on("error", () => undefined); // it ended before its input did
  const found = new Promise<string>((resolve) => {
    child.stdout.on("data", () => {
      const words = find(stdout());
      if (words !== undefined) resolve(words);
    });
  });
  const outcome = await Promise.race([found, untilClosed(child)]);
  // Further output is discarded, so that the process does not block on it.
  for (const stream of [child.stdout, child.stderr]) stream.removeAllListeners("data").resume();
  return typeof outcome === "string"
    ? { words: outcome, stderr: stderr(), tooMuch: undefined }
    : { words: undefined, stderr: outcome?.message ?? stderr(), tooMuch };
}

/**
 * Ends it by the end of its input; kills it if it does not react. What it has started goes on where it was
 * made to, such as a shared connection to a jump host, unless the whole was given up.
 */
export async function ended(child: SshProcess, how: "done" | "given-up" = "done"): Promise<void> {
  if (!hasEnded(child)) {
    const gone = once(child, "exit");
    child.stdin.end();
    const force = setTimeout(() => end(child, "SIGKILL"), PATIENCE_MS);
    await gone;
    clearTimeout(force);
  }
  if (how === "given-up") killFamily(child);
}

function hasEnded(child: SshProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}

/** Kills it at once, with all that it started. */
export function stop(child: SshProcess): void {
  if (!end(child, "SIGTERM")) return;
  const force = setTimeout(() => end(child, "SIGKILL"), PATIENCE_MS);
  child.once("exit", () => clearTimeout(force));
}

/** Its output is let go first: whoever else holds it keeps nobody waiting. */
function end(child: SshProcess, signal: "SIGTERM" | "SIGKILL"): boolean {
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
  // What it started goes first: the end of the process hides whose child that was.
  killFamily(child);
  const isThere = child.kill(signal);
  // It may have started something between the two.
  if (signal === "SIGKILL") killFamily(child);
  return isThere;
}

function killFamily(child: SshProcess): void {
  const mark = marks.get(child);
  if (mark !== undefined) killStarted(hasEnded(child) ? undefined : child.pid, mark);
}

function stoppedBy(signal: AbortSignal, child: SshProcess): Disposable {
  const onAbort = (): void => stop(child);
  signal.addEventListener("abort", onAbort, { once: true });
  // The time limit may have passed before the process was started.
  if (signal.aborted) onAbort();
  return { [Symbol.dispose]: () => signal.removeEventListener("abort", onAbort) };
}

/** @returns why it could not be started, if so */
function untilClosed(child: SshProcess): Promise<Error | undefined> {
  return new Promise((resolve) => {
    child.once("error", resolve);
    child.once("close", () => resolve(undefined));
    child.once("exit", () => void untilQuiet(child).then(() => resolve(undefined)));
  });
}

/** Until nothing has come for a while; two rounds, since this process may have been held up in the first. */
async function untilQuiet(child: SshProcess): Promise<void> {
  let quiet = 0;
  const onData = (): void => {
    quiet = 0;
  };
  for (const stream of [child.stdout, child.stderr]) stream.on("data", onData);
  while (quiet < 2 && !(child.stdout.destroyed && child.stderr.destroyed)) {
    quiet += 1;
    await sleep(LAST_WORDS_MS);
  }
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
}

export function collected(
  stream: Readable,
  onTooMuch: (bytes: number) => void,
  max = OUTPUT_BYTES_MAX,
): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= max) chunks.push(chunk);
    else onTooMuch(bytes);
  });
  return () => Buffer.concat(chunks).toString();
}
