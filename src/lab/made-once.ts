// A file or folder in the cache that is made when it is first needed. It is made under another
// name and renamed when whole; two processes that need it make it once.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { withLock } from "../parts/lock.ts";

const UNFINISHED = ".unfinished-";

/** `make` writes `path`, which does not exist yet, in a folder that is removed afterwards. */
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
    const parent = dirname(path);
    mkdirSync(parent, { recursive: true });
    for (const name of readdirSync(parent)) {
      if (name.startsWith(UNFINISHED)) rmSync(join(parent, name), { recursive: true, force: true });
    }
    const work = mkdtempSync(join(parent, UNFINISHED));
    try {
      await make(join(work, "made"));
      renameSync(join(work, "made"), path);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  };
  // One lock for all that lies in one folder, since left-overs in it are removed too.
  await withLock(cache, dirname(home), makeUnderLock, signal);
  return path;
}
