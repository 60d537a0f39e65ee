// One process at a time for what is made once and kept. The lock is the kernel's (flock), held by a
// child that lives as long as its standard input stays open: whoever dies, even by SIGKILL, lets go.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { codeOfSystemError } from "../system-state.ts";
import { requireCacheFolder } from "./cache-folder.ts";
import { PartsError } from "./errors.ts";

/**
 * Runs `work` while no other process holds the lock `name` of this cache folder; waits for it.
 * @throws PartsError parts/no-cache, parts/no-flock; what `work` throws; the reason of `signal` when it is aborted while waiting
 */
export async function withLock<Result>(
  cache: string,
  name: string,
  work: () => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const folder = join(cache, "locks");
  requireCacheFolder(folder);
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
    throw codeOfSystemError(error) === "ENOENT" ? noFlock(error) : error;
  } finally {
    signal?.removeEventListener("abort", giveUp);
  }
  return async () => {
    holder.stdin.end();
    await ended;
  };
}

function noFlock(cause: unknown): PartsError {
  const report = {
    code: "parts/no-flock",
    problem: "Cannot keep other processes from making the same things: there is no program flock",
    remedy: "install it (Debian: util-linux)",
  } as const;
  return new PartsError(report, { cause });
}
