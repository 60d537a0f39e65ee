// A directory that one process works in, and that is useless without it. A lock on a file in it shows
// that the process is running; a process that finds the lock free may remove the directory. The lock
// file is removed last, so a directory without one is either empty, because it is just being created,
// or of unknown origin: an earlier release created it, or another program removed the lock file. Such a
// directory is kept until a person looks at it.

import { mkdtempSync, readdirSync, rmdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { codeOfSystemError, systemStateOf } from "../system-state.ts";
import { LockError } from "./errors.ts";
import { type FileLock, tryLock } from "./lock.ts";

const CLAIM = "claim.lock";

/** A directory without a claim is just being made or removed, which takes no time. */
const UNCLAIMED_MAX_MS = 24 * 60 * 60 * 1000;

/** The result of checking a directory. */
export type Occupancy =
  | { readonly kind: "held" }
  | { readonly kind: "abandoned" }
  /** It has no lock file. */
  | { readonly kind: "unclaimed"; readonly ageMs: number }
  /** Its lock cannot be checked, `because` the system refuses. */
  | { readonly kind: "unclear"; readonly because: string };

/** A directory that is kept although no process is known to work there. */
export interface KeptFolder {
  readonly path: string;
  readonly because: string;
}

export interface Removed {
  readonly count: number;
  readonly kept: readonly KeptFolder[];
}

export class ClaimedFolder implements Disposable {
  readonly path: string;
  readonly #claim: FileLock;

  /** Claimed directories come from claimFolder(). */
  constructor(path: string, claim: FileLock) {
    this.path = path;
    this.#claim = claim;
  }

  /** A child that inherits it holds the directory as well, as long as it runs. */
  get descriptor(): number {
    return this.#claim.descriptor;
  }

  /** Paths of what is in it, without the claim. */
  contents(): string[] {
    return contentsOf(this.path);
  }

  /** Leaves the directory to its other holders. */
  letGo(): void {
    this.#claim[Symbol.dispose]();
  }

  /** Removes the directory with all its contents. */
  [Symbol.dispose](): void {
    try {
      removeClaimable(this.path);
    } finally {
      this.letGo();
    }
  }
}

/**
 * Creates a directory whose name begins with `prefix`; mkdtemp adds the end.
 * @throws LockError; the system's error when no directory can be created
 */
export function claimFolder(parent: string, prefix: string): ClaimedFolder {
  for (;;) {
    const path = mkdtempSync(join(parent, prefix));
    const claim = claimNew(path);
    if (claim !== undefined) return new ClaimedFolder(path, claim);
  }
}

/** `undefined` when another process meanwhile took the directory for an abandoned one. */
function claimNew(folder: string): FileLock | undefined {
  try {
    return tryLock(join(folder, CLAIM));
  } catch (error) {
    if (codeOfSystemError(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** @throws LockError files/no-flock */
export function occupancyOf(folder: string): Occupancy {
  // Shared: two processes that check at the same time both get an answer.
  const asked = ask(folder, "shared");
  if (!("claim" in asked)) return asked;
  asked.claim[Symbol.dispose]();
  return { kind: "abandoned" };
}

/**
 * Removes the directories in `parent` whose name `isMeant` accepts and that no process holds. A
 * directory that cannot be checked or removed, another user's for instance, is kept.
 * @throws LockError files/no-flock; the system's error when `parent` cannot be read
 */
export function removeAbandoned(parent: string, isMeant: (name: string) => boolean): Removed {
  let count = 0;
  const kept: KeptFolder[] = [];
  for (const name of readdirSync(parent).filter(isMeant)) {
    const path = join(parent, name);
    const outcome = removeIfAbandoned(path);
    if (outcome === "removed") count++;
    else if (outcome !== "held") kept.push({ path, because: outcome.because });
  }
  return { count, kept };
}

/** All of it, its claim last. Another process may remove it at the same time. */
export function removeClaimable(folder: string): void {
  for (const path of contentsOf(folder)) removeAll(path);
  removeAll(folder);
}

/** `because`: it is kept, and a person should look at it. */
type Removal = "removed" | "held" | { readonly because: string };

function removeIfAbandoned(folder: string): Removal {
  const asked = ask(folder, "exclusive");
  if (!("claim" in asked)) {
    if (asked.kind === "held") return "held";
    return asked.kind === "unclear" ? asked : removeUnclaimed(folder, asked.ageMs);
  }
  using _claim = asked.claim;
  try {
    removeClaimable(folder);
    return "removed";
  } catch (error) {
    return refusal(error);
  }
}

function removeUnclaimed(folder: string, ageMs: number): Removal {
  if (ageMs < UNCLAIMED_MAX_MS) return "held";
  try {
    // Removes only empty directories: it is unknown whether a process works there.
    rmdirSync(folder);
    return "removed";
  } catch (error) {
    const because = `nothing in it says whether somebody uses it (no ${CLAIM})`;
    return codeOfSystemError(error) === "ENOTEMPTY" ? { because } : refusal(error);
  }
}

type Asked = Exclude<Occupancy, { kind: "abandoned" }> | { readonly claim: FileLock };

function ask(folder: string, kind: "exclusive" | "shared"): Asked {
  try {
    const claim = tryLock(join(folder, CLAIM), { kind, file: "if it is there" });
    return claim === undefined ? { kind: "held" } : { claim };
  } catch (error) {
    const code = codeOfSystemError(error);
    if (code !== "ENOENT" && code !== "ENOTDIR") return { kind: "unclear", ...refusal(error) };
    const since = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    return { kind: "unclaimed", ageMs: Date.now() - since };
  }
}

/** Only errors of this one directory; all other errors concern all directories. */
function refusal(error: unknown): { readonly because: string } {
  if (error instanceof LockError && error.report.code === "files/cannot-lock") {
    return { because: error.report.where ?? error.report.problem };
  }
  if (codeOfSystemError(error) === undefined) throw error;
  return { because: systemStateOf(error) };
}

function contentsOf(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => name !== CLAIM);
    return names.map((name) => join(folder, name));
  } catch (error) {
    if (codeOfSystemError(error) === "ENOENT") return [];
    throw error;
  }
}

function removeAll(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
}
