// Runs the health check of a bisection: a shell command, whose exit code is the answer.

import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type { CheckResult } from "../bisect/probe-prefix.ts";
import { killStarted, newMark } from "../processes/mark.ts";
import type { CommandIo } from "./io.ts";

export interface CheckCall {
  readonly command: string;
  /** What the check may want to know, besides the environment of ours. */
  readonly environment: Readonly<Record<string, string>>;
  /** For people, while it runs; nothing if undefined. */
  readonly onOutput: ((chunk: Buffer) => void) | undefined;
}

/** What the record keeps of a check's words. */
const OUTPUT_KEPT = 400;
/** After the check was asked to end. */
const PATIENCE_MS = 2_000;
/** What it started in the background may keep its output open for ever. */
const LAST_WORDS_MS = 200;

/** Ends it, with all that it has started, when the signal comes. Never throws for a bad command. */
export async function runCheck(
  { command, environment, onOutput }: CheckCall,
  { env, signal }: Pick<CommandIo, "env" | "signal">,
): Promise<CheckResult> {
  const mark = newMark({ ...env, ...environment });
  const child = spawn("/bin/sh", ["-c", command], {
    stdio: ["ignore", "pipe", "pipe"],
    env: mark.environment,
    // A group of its own: ^C reaches us, and we end it.
    detached: true,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4 * OUTPUT_KEPT);
      onOutput?.(chunk);
    });
  }
  const closed = new Promise((resolve) => child.once("close", resolve));
  const ended = new Promise<number | undefined>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? undefined));
  });
  const stop = () => void endGroup(child.pid, ended, () => killStarted(child.pid, mark));
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    const exitCode = await ended;
    if (signal.aborted) killStarted(undefined, mark);
    await Promise.race([closed, sleep(LAST_WORDS_MS)]);
    return { exitCode, output: output.trim().slice(-OUTPUT_KEPT) };
  } finally {
    signal.removeEventListener("abort", stop);
    for (const stream of [child.stdout, child.stderr]) stream.destroy();
  }
}

async function endGroup(
  pid: number | undefined,
  ended: Promise<unknown>,
  killAll: () => void,
): Promise<void> {
  sendTo(pid, "SIGTERM");
  const isOver = ended.then(
    () => true,
    () => true,
  );
  if (await Promise.race([isOver, sleep(PATIENCE_MS, false, { ref: false })])) return;
  // It stands still meanwhile: it must not take the end of what it waits for as its own.
  sendTo(pid, "SIGSTOP");
  killAll();
  sendTo(pid, "SIGKILL");
}

function sendTo(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It is over already.
  }
}
