// A directory that one process works in, and that is worth nothing without it. A lock on a file in it
// says that the process lives; whoever finds the lock free may take the directory away.
//
// The claim is the last file to be removed, so that a directory without one is either empty, since it
// is just being made, or not of ours to judge: an earlier release made it, or something else removed
// the claim. Such a directory stays until somebody looks.

import { mkdtempSync, readdirSync, rmdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { codeOfSystemError, systemStateOf } from "../system-state.ts";
import { LockError } from "./errors.ts";
import { type FileLock, tryLock } from "./lock.ts";

const CLAIM = "claim.lock";

/** A directory without a claim is just being made or removed, which takes no time. */
const UNCLAIMED_MAX_MS = 24 * 60 * 60 * 1000;

/** The answer of others about a directory. */
export type Occupancy =
  | { readonly kind: "held" }
  | { readonly kind: "abandoned" }
  /** It has no claim. */
  | { readonly kind: "unclaimed"; readonly ageMs: number }
  /** Its claim cannot be asked, `because` the system refuses. */
  | { readonly kind: "unclear"; readonly because: string };

/** A directory that stays although nobody is known to work there. */
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

  /** A child that gets it holds the directory as well, for as long as it lives. */
  get descriptor(): number {
    return this.#claim.descriptor;
  }

  /** Paths of what is in it, without the claim. */
  contents(): string[] {
    return contentsOf(this.path);
  }

  /** Leaves the directory to whoever else holds it. */
  letGo(): void {
    this.#claim[Symbol.dispose]();
  }

  /** Removes the directory with all that is in it. */
  [Symbol.dispose](): void {
    try {
      removeClaimable(this.path);
    } finally {
      this.letGo();
    }
  }
}

/**
 * Makes a directory whose name begins with `prefix`; the end is mkdtemp's.
 * @throws LockError; the system's error when no directory can be made
 */
export function claimFolder(parent: string, prefix: string): ClaimedFolder {
  for (;;) {
    const path = mkdtempSync(join(parent, prefix));
    const claim = claimNew(path);
    if (claim !== undefined) return new ClaimedFolder(path, claim);
  }
}

/** `undefined` when another process was so fast as to take the directory for an abandoned one. */
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
  // Shared: of two that ask at the same time, both are told.
  const asked = ask(folder, "shared");
  if (!("claim" in asked)) return asked;
  asked.claim[Symbol.dispose]();
  return { kind: "abandoned" };
}

/**
 * Removes the directories in `parent` that are called so and that nobody holds. What cannot be judged or
 * removed, another user's for instance, is none of the caller's business: it is kept.
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

function removeIfAbandoned(folder: string): "removed" | "held" | { readonly because: string } {
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

function removeUnclaimed(
  folder: string,
  ageMs: number,
): "removed" | "held" | { readonly because: string } {
  if (ageMs < UNCLAIMED_MAX_MS) return "held";
  try {
    // Never more than nothing: who works there cannot be seen.
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

/** Only what the system refuses with this one directory; whatever else is wrong is wrong for all. */
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
