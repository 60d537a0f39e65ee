// One process at a time for what is made once and kept in the cache.

import { join } from "node:path";
import { LockError } from "../files/errors.ts";
import { type FileLock, waitForLock } from "../files/lock.ts";
import { requireCacheFolder } from "./cache-folder.ts";
import { PartsError } from "./errors.ts";

/**
 * Runs `work` while no other process holds the lock `name` of this cache folder; waits for it.
 * @throws PartsError parts/no-cache, parts/no-flock; LockError; what `work` throws; the reason of `signal` when it is aborted while waiting
 */
export async function withLock<Result>(
  cache: string,
  name: string,
  work: () => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const folder = join(cache, "locks");
  requireCacheFolder(folder);
  const path = join(folder, `${name.replaceAll(/[^\w.+-]/g, "_")}.lock`);
  using _held = await acquire(path, signal);
  return await work();
}

async function acquire(path: string, signal: AbortSignal | undefined): Promise<FileLock> {
  try {
    return await waitForLock(path, { signal });
  } catch (error) {
    const isMissing = error instanceof LockError && error.report.code === "files/no-flock";
    throw isMissing ? noFlock(error) : error;
  }
}

function noFlock(cause: unknown): PartsError {
  const report = {
    code: "parts/no-flock",
    problem: "Cannot keep other processes from making the same things: there is no program flock",
    remedy: "install it (Debian: util-linux)",
  } as const;
  return new PartsError(report, { cause });
}
