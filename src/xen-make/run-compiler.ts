// Runs a compiler to its end. It gets a process group of its own, so that what the compiler itself
// started (cc1, the assembler) is stopped with it.

import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { killStarted, newMark } from "../processes/mark.ts";
import { stateOfProgram } from "../system-state.ts";

/** A compiler that takes longer hangs. */
const COMPILE_TIMEOUT_MS = 120_000;
/** What a compiler may say, in bytes. */
const OUTPUT_SIZE_MAX = 4 * 1024 * 1024;

export type CompilerAnswer =
  | {
      readonly kind: "ended";
      readonly exitCode: number;
      readonly stdout: string;
      readonly stderr: string;
    }
  /** It could not be started, or did not come to its own end. */
  | { readonly kind: "failed"; readonly reason: string };

export interface CompilerPlace {
  /** The directory in which it runs; by default that of this process. */
  readonly cwd?: string;
  /** In place of this process's own. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Does not throw for a compiler that fails. @throws the reason of `signal` */
export async function runCompiler(
  command: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
  { cwd, environment }: CompilerPlace = {},
): Promise<CompilerAnswer> {
  signal?.throwIfAborted();
  // The C locale keeps messages the same for everybody.
  const mark = newMark({ ...(environment ?? process.env), LC_ALL: "C" });
  const child = spawn(command, [...args], {
    stdio: ["ignore", "pipe", "pipe"],
    cwd,
    env: mark.environment,
    detached: true,
  });
  let stopped: string | undefined;
  const stop = (reason: string): void => {
    stopped ??= reason;
    if (child.pid !== undefined && child.exitCode === null) {
      // It stands still meanwhile, and so does not end by itself for want of what it has started.
      child.kill("SIGSTOP");
      killStarted(child.pid, mark);
      killGroup(child.pid);
    }
    // Whoever else holds them keeps nobody waiting.
    for (const stream of [child.stdout, child.stderr]) stream.destroy();
  };
  const giveUp = (): void => stop("it was stopped");
  const timer = setTimeout(
    () => stop(`it took more than ${COMPILE_TIMEOUT_MS / 1000} seconds`),
    COMPILE_TIMEOUT_MS,
  );
  signal?.addEventListener("abort", giveUp, { once: true });
  process.once("exit", giveUp);
  const tooMuch = (): void => stop(`it printed more than ${OUTPUT_SIZE_MAX} bytes`);
  const stdout = collect(child.stdout, tooMuch);
  const stderr = collect(child.stderr, tooMuch);
  try {
    const ended = await new Promise<CompilerAnswer>((resolve) => {
      child.once("error", (error) => resolve({ kind: "failed", reason: stateOfProgram(error) }));
      child.once("close", (exitCode, by) => {
        if (exitCode === null) resolve({ kind: "failed", reason: stopped ?? `${by} ended it` });
        else resolve({ kind: "ended", exitCode, stdout: stdout(), stderr: stderr() });
      });
    });
    signal?.throwIfAborted();
    return ended;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", giveUp);
    process.removeListener("exit", giveUp);
  }
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // Gone already is as good.
  }
}

function collect(stream: Readable, tooMuch: () => void): () => string {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  stream.on("data", (chunk: Buffer) => {
    sizeBytes += chunk.length;
    if (sizeBytes > OUTPUT_SIZE_MAX) tooMuch();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString("utf8");
}
