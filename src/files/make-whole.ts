// Makes a file or a folder by whatever makes it, compilers and tar included, so that it is whole or
// not there: in a folder of its own beside the place, then renamed.

import { execFile } from "node:child_process";
import { mkdirSync, renameSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { codeOfSystemError } from "../system-state.ts";
import { claimFolder, removeAbandoned } from "./claimed-folder.ts";
import { syncFolder } from "./write-whole.ts";

const UNFINISHED = ".unfinished-";

/**
 * `make` gets a path that does not exist yet, in a folder that is removed afterwards. What lay at
 * `path` is replaced.
 * @throws what `make` throws; LockError; the system's error
 */
export async function makeWhole(
  path: string,
  make: (unfinished: string) => Promise<void>,
): Promise<void> {
  const parent = dirname(path);
  mkdirSync(parent, { recursive: true });
  removeAbandoned(parent, (name) => name.startsWith(UNFINISHED));
  using work = claimFolder(parent, UNFINISHED);
  const made = join(work.path, "made");
  await make(made);
  await syncAll(made);
  // No folder takes the place of another that holds something.
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    renameSync(path, join(work.path, "replaced"));
  }
  renameSync(made, path);
  syncFolder(parent);
}

/** At once for all others: what is left of it, should this process die, is nobody's. */
export function removeWhole(path: string): void {
  using away = claimFolder(dirname(path), UNFINISHED);
  try {
    renameSync(path, join(away.path, "removed"));
  } catch (error) {
    // Another process may have been faster.
    if (codeOfSystemError(error) !== "ENOENT") throw error;
  }
}

/** Its whole file system: many programs may have written many files. */
async function syncAll(path: string): Promise<void> {
  await promisify(execFile)("sync", ["--file-system", path]);
}
