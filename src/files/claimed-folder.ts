// A folder that one process works in, and that is worth nothing without it. A lock on a file in it
// says that the process lives; whoever finds the lock free may take the folder away.

import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { codeOfSystemError } from "../system-state.ts";
import { type FileLock, tryLock } from "./lock.ts";

const CLAIM = "claim.lock";

/** A folder without a claim is just being made or removed, which takes no time. */
const UNCLAIMED_MAX_MS = 24 * 60 * 60 * 1000;

export class ClaimedFolder implements Disposable {
  readonly path: string;
  readonly #claim: FileLock;

  /** Claimed folders come from claimFolder(). */
  constructor(path: string, claim: FileLock) {
    this.path = path;
    this.#claim = claim;
  }

  /** A child that gets it holds the folder as well, for as long as it lives. */
  get descriptor(): number {
    return this.#claim.descriptor;
  }

  /** Leaves the folder to whoever else holds it. */
  letGo(): void {
    this.#claim[Symbol.dispose]();
  }

  /** Removes the folder with all that is in it. */
  [Symbol.dispose](): void {
    try {
      removeFolder(this.path);
    } finally {
      this.letGo();
    }
  }
}

/**
 * Makes a folder whose name begins with `prefix`; the end is mkdtemp's.
 * @throws LockError; the system's error when no folder can be made
 */
export function claimFolder(parent: string, prefix: string): ClaimedFolder {
  for (;;) {
    const path = mkdtempSync(join(parent, prefix));
    const claim = claimNew(path);
    if (claim !== undefined) return new ClaimedFolder(path, claim);
  }
}

/** `undefined` when another process was so fast as to take the folder for an abandoned one. */
function claimNew(folder: string): FileLock | undefined {
  try {
    return tryLock(join(folder, CLAIM));
  } catch (error) {
    if (codeOfSystemError(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Nobody holds it. */
export function isAbandoned(folder: string): boolean {
  // Shared: of two that ask at the same time, both are told.
  const claim = claimAbandoned(folder, "shared");
  claim?.[Symbol.dispose]();
  return claim !== undefined;
}

/** Removes the folders in `parent` that are called so and that nobody holds. Gives their number. */
export function removeAbandoned(parent: string, isMeant: (name: string) => boolean): number {
  const folders = readdirSync(parent).filter(isMeant);
  return folders.filter((name) => removeIfAbandoned(join(parent, name))).length;
}

function removeIfAbandoned(folder: string): boolean {
  using claim = claimAbandoned(folder, "exclusive");
  if (claim === undefined) return false;
  removeFolder(folder);
  return true;
}

function claimAbandoned(folder: string, kind: "exclusive" | "shared"): Disposable | undefined {
  try {
    return tryLock(join(folder, CLAIM), { kind, file: "if it is there" });
  } catch (error) {
    const code = codeOfSystemError(error);
    if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
    const since = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    return Date.now() - since < UNCLAIMED_MAX_MS ? undefined : { [Symbol.dispose]: () => {} };
  }
}

function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
}
