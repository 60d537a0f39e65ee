// One process at a time for what is made once and kept. The lock is the kernel's (flock), held by a
// child that lives as long as its standard input stays open: whoever dies, even by SIGKILL, lets go.

import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

/**
 * Runs `work` while no other process holds the lock `name` of this cache folder; waits for it.
 * @throws what `work` throws; the reason of `signal` when it is aborted while waiting
 */
export async function withLock<Result>(
  cache: string,
  name: string,
  work: () => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const folder = join(cache, "locks");
  mkdirSync(folder, { recursive: true });
  const release = await acquire(join(folder, `${name.replaceAll(/[^\w.+-]/g, "_")}.lock`), signal);
  try {
    return await work();
  } finally {
    await release();
  }
}

async function acquire(
  path: string,
  signal: AbortSignal | undefined,
): Promise<() => Promise<void>> {
  signal?.throwIfAborted();
  const holder = spawn("flock", [path, "sh", "-c", "echo held; exec cat"], {
    stdio: ["pipe", "pipe", "ignore"],
    // Away from the terminal's ^C, which must not free the lock before the work has stopped.
    detached: true,
  });
  const ended = new Promise<void>((resolve) => holder.once("close", () => resolve()));
  const giveUp = (): void => void holder.kill();
  signal?.addEventListener("abort", giveUp, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      holder.stdout.once("data", () => resolve());
      holder.once("error", reject);
      holder.once("exit", (code) => reject(new Error(`flock ${path} ended with ${code}`)));
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", giveUp);
  }
  return async () => {
    holder.stdin.end();
    await ended;
  };
}
