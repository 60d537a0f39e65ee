// Runs a program to its end and collects its output.

import { spawn } from "node:child_process";
import type { Readable } from "node:stream";

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
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  return new Promise((resolve, reject) => {
    let failure = "";
    const settle = (exitCode: number | null | undefined): void => {
      if (options.signal?.aborted) reject(options.signal.reason);
      else
        resolve({ exitCode: exitCode ?? undefined, stdout: stdout(), stderr: stderr() + failure });
    };
    child.once("error", (error) => {
      failure = error.message;
      if (child.pid === undefined) settle(undefined);
    });
    child.once("close", settle);
  });
}

function collect(stream: Readable): () => string {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString("utf8");
}
