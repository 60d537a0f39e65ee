// Runs a process to its end and collects its output: sufficient for most callers.

import type { Readable } from "node:stream";
import { AgentError } from "./errors.ts";
import { aborted } from "./handshake.ts";
import type { AgentProcess } from "./process.ts";

export interface ExecOptions {
  /** Without input, the process reads end of file at once. */
  readonly stdin?: Uint8Array | string;
  /** Kills the process. */
  readonly signal?: AbortSignal;
}

export interface ExecResult {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  /** 128 + signal when a signal ended it, 127 when it could not be started (stderr says why). */
  readonly exitCode: number;
}

/** Limit of `exec` for each output. For more, use `spawn`. */
const EXEC_OUTPUT_MAX = 64 * 1024 * 1024;

/** @throws AgentError; the process is killed then */
export async function runToEnd(
  child: AgentProcess,
  label: string,
  { signal, stdin }: ExecOptions,
): Promise<ExecResult> {
  const onAbort = (): void => child.abandon(aborted(label, signal?.reason));
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    child.stdin.end(stdin);
    const [stdout, stderr, exitCode] = await Promise.all([
      collect(child.stdout),
      collect(child.stderr),
      child.exit,
    ]);
    return { stdout, stderr, exitCode };
  } catch (error) {
    if (error instanceof AgentError) child.abandon(error);
    throw error;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > EXEC_OUTPUT_MAX) throw tooMuchOutput();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooMuchOutput(): AgentError {
  return new AgentError({
    code: "agent/bad-request",
    problem: `Cannot collect the output of a command: it is longer than ${EXEC_OUTPUT_MAX} bytes`,
  });
}
