// Makes a file or a directory with any program, compilers and tar included, so that it is complete or
// absent: in a temporary directory next to it, then renamed.

import { lstatSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { codeOfSystemError } from "../system-state.ts";
import { claimFolder, removeAbandoned } from "./claimed-folder.ts";
import { syncFolder, syncTree } from "./sync-to-disk.ts";

const UNFINISHED = ".unfinished-";

/**
 * `make` gets a path that does not exist yet, in a temporary directory. An existing `path` is replaced.
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
  await syncTree(made);
  const there = lstatSync(path, { throwIfNoEntry: false });
  // A directory can only replace an empty directory, and a file cannot replace a directory.
  if (there !== undefined && (there.isDirectory() || lstatSync(made).isDirectory())) {
    moveAway(path, join(work.path, "replaced"));
  }
  renameSync(made, path);
  syncFolder(parent);
}

/**
 * Atomic for all others: if this process ends, the rest of it is unused.
 * @throws LockError; the system's error
 */
export function removeWhole(path: string): void {
  using away = claimFolder(dirname(path), UNFINISHED);
  rename(path, join(away.path, "removed"));
}

/** As removeWhole(), for an unusable item: a part of it is unusable as well. */
export function removeDamaged(path: string): void {
  using away = claimFolder(dirname(path), UNFINISHED);
  moveAway(path, join(away.path, "removed"));
}

function moveAway(path: string, place: string): void {
  try {
    rename(path, place);
  } catch (error) {
    // A directory of a lower layer of an overlay, as in the image of a container, cannot be renamed.
    if (codeOfSystemError(error) !== "EXDEV") throw error;
    rmSync(path, { recursive: true, force: true });
  }
}

/** Another process may have been faster. */
function rename(path: string, place: string): void {
  try {
    renameSync(path, place);
  } catch (error) {
    if (codeOfSystemError(error) !== "ENOENT") throw error;
  }
}
