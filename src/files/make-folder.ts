// Creates a directory and its parents, step by step. Node's own `recursive` never ends in an existing
// directory in which nothing can be created, such as those in /proc.

import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { codeOfSystemError, stateOfFolder } from "../system-state.ts";

/** @throws the system's error, of the first directory that cannot be made */
export function makeFolder(path: string, mode = 0o777): void {
  if (isFolder(path)) return;
  const above = dirname(path);
  if (above !== path) makeFolder(above, mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Another process may have made it meanwhile.
    if (!isFolder(path)) throw error;
  }
}

/** Why makeFolder() failed, in words. A missing directory would have been created. */
export function stateOfUnmade(cause: unknown): string {
  const isRefused = codeOfSystemError(cause) === "ENOENT";
  return isRefused ? "the system creates no directory there" : stateOfFolder(cause);
}

/** False also for a path that cannot be looked at. */
export function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
