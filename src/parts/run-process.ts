// Runs a program to its end and collects its output. Whoever stops waiting for it ends all that it started.

import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { killStarted, newMark } from "../processes/mark.ts";

export interface RunOptions {
  readonly cwd?: string;
  /** Replaces this process's environment. */
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

export interface RunResult {
  /** `undefined` when a signal ended it or it could not be started. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Never throws for a program that fails or does not exist: that is a result. */
export async function runProcess(
  argv: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const [program = "", ...args] = argv;
  options.signal?.throwIfAborted();
  const mark = newMark(options.env);
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: mark.environment,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const stop = (): void => {
    child.kill("SIGTERM");
    void sleep(PATIENCE_MS, undefined, { ref: false }).then(kill);
  };
  const kill = (): void => {
    killStarted(child.exitCode === null && child.signalCode === null ? child.pid : undefined, mark);
    child.kill("SIGKILL");
    // Whoever else holds them keeps nobody waiting.
    for (const stream of [child.stdout, child.stderr]) stream.destroy();
  };
  options.signal?.addEventListener("abort", stop, { once: true });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  return new Promise((resolve, reject) => {
    let failure = "";
    const settle = (exitCode: number | null | undefined): void => {
      options.signal?.removeEventListener("abort", stop);
      if (options.signal?.aborted) {
        kill();
        reject(options.signal.reason);
      } else
        resolve({ exitCode: exitCode ?? undefined, stdout: stdout(), stderr: stderr() + failure });
    };
    child.once("error", (error) => {
      failure = error.message;
      if (child.pid === undefined) settle(undefined);
    });
    child.once("close", settle);
  });
}

/** For cleaning up, after it was asked to end. */
const PATIENCE_MS = 2000;

function collect(stream: Readable): () => string {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString("utf8");
}
