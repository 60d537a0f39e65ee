// A file or directory in the cache that is made on first use, and only once even if two processes need
// it.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeWhole } from "../files/make-whole.ts";
import { withLock } from "../parts/lock.ts";

/** `make` writes `path`, which does not exist yet, in a temporary directory. */
export async function madeOnce(
  cache: string,
  home: string,
  make: (path: string) => Promise<void>,
  signal?: AbortSignal,
): Promise<string> {
  const path = join(cache, home);
  if (existsSync(path)) return path;
  const makeUnderLock = async (): Promise<void> => {
    if (existsSync(path)) return; // Another process made it while this one waited.
    await makeWhole(path, make);
  };
  await withLock(cache, dirname(home), makeUnderLock, signal);
  return path;
}
