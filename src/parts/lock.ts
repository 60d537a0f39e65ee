// Locks of the cache. Every user of the cache holds a shared lock on all of it; a process that empties
// it holds the lock exclusively. Each item that is made once has its own lock, for one process at a
// time.

import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { LockError } from "../files/errors.ts";
import { type FileLock, tryLock, type WaitOptions, waitForLock } from "../files/lock.ts";
import { requireCacheFolder } from "./cache-folder.ts";
import { PartsError } from "./errors.ts";

/** Kept when everything else is removed, so that all processes lock the same file. */
const IN_USE = "in-use.lock";

/**
 * Nothing is removed from the cache while the lock is held. Waits while another process empties it.
 * @throws PartsError parts/no-cache, parts/no-flock; LockError; the reason of `signal`
 */
export async function useCache(cache: string, signal?: AbortSignal): Promise<FileLock> {
  requireCacheFolder(cache);
  return await acquire(join(cache, IN_USE), { kind: "shared", signal });
}

/**
 * Runs `work` while no other process holds the lock `name` of this cache directory; waits for it.
 * @throws PartsError parts/no-cache, parts/no-flock; LockError; what `work` throws; the reason of `signal` when it is aborted while waiting
 */
export async function withLock<Result>(
  cache: string,
  name: string,
  work: () => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  using _used = await useCache(cache, signal);
  const folder = join(cache, "locks");
  requireCacheFolder(folder);
  const path = join(folder, `${name.replaceAll(/[^\w.+-]/g, "_")}.lock`);
  using _held = await acquire(path, { signal });
  return await work();
}

/**
 * Removes the contents of the cache, or those with the given names.
 * @throws PartsError parts/in-use; LockError
 */
export function emptyCache(cache: string, isMeant: (name: string) => boolean = () => true): void {
  if (!existsSync(cache)) return;
  using alone = tryLock(join(cache, IN_USE));
  if (alone === undefined) throw inUse(cache);
  const names = readdirSync(cache).filter((name) => name !== IN_USE && isMeant(name));
  for (const name of names) rmSync(join(cache, name), { recursive: true, force: true });
}

async function acquire(path: string, options: WaitOptions): Promise<FileLock> {
  try {
    return await waitForLock(path, options);
  } catch (error) {
    const isMissing = error instanceof LockError && error.report.code === "files/no-flock";
    throw isMissing ? noFlock(error) : error;
  }
}

function noFlock(cause: unknown): PartsError {
  const report = {
    code: "parts/no-flock",
    problem: "Cannot lock the cache: the program flock is missing",
    remedy: "install it (Debian: util-linux)",
  } as const;
  return new PartsError(report, { cause });
}

function inUse(cache: string): PartsError {
  return new PartsError({
    code: "parts/in-use",
    problem: `Cannot remove anything from the cache "${cache}": it is in use`,
    expected: "no build and no lab that runs",
    remedy: "wait until they have ended (xsplice lab down ends a lab), then try again",
  });
}
