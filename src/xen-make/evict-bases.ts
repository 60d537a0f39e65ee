// Keeps the cache of prepared bases small: when a new one has been made, those go that were used
// least recently, beyond a number and a size. None goes that a build may be using: each use is
// marked before the base is read, which protects it until the build has its working copy there.

import { closeSync, lstatSync, openSync, readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { occupancyOf } from "../files/claimed-folder.ts";
import { removeWhole } from "../files/make-whole.ts";
import { codeOfSystemError } from "../system-state.ts";
import { WORKING_COPIES } from "./scratch-tree.ts";

export interface BaseLimits {
  readonly count: number;
  readonly sizeBytes: number;
  /** Since its last use, in ms. */
  readonly protectedFor: number;
}

const usualLimits: BaseLimits = { count: 8, sizeBytes: 1_000_000_000, protectedFor: 3_600_000 };

const MARK = "last-used";

/** Of a base that is there; nothing when there is none. */
export function markUsed(base: string, at: Date = new Date()): void {
  try {
    closeSync(openSync(join(base, MARK), "a"));
    utimesSync(join(base, MARK), at, at);
  } catch {
    // Not made yet. Or its directory cannot be written, which the build will tell.
  }
}

/** Of the bases in `bases`, all but `newest`, as far as the limits ask. */
export function evictBases(bases: string, newest: string, limits: BaseLimits = usualLimits): void {
  const known = readdirSync(bases)
    .filter((name) => !name.startsWith(".") && name !== newest)
    .map((name) => ({ name, usedAt: lastUse(join(bases, name)) }))
    .sort((left, right) => right.usedAt - left.usedAt);
  let [count, sizeBytes] = [1, sizeOfBase(join(bases, newest))];
  for (const { name, usedAt } of known) {
    count++;
    sizeBytes += sizeOfBase(join(bases, name));
    const isWanted = count <= limits.count && sizeBytes <= limits.sizeBytes;
    if (isWanted || Date.now() - usedAt < limits.protectedFor) continue;
    if (!isWorkedIn(join(bases, name))) removeIfPossible(join(bases, name));
  }
}

/** A base that stays, somebody else's perhaps, is no reason for a build to fail. */
function removeIfPossible(base: string): void {
  try {
    removeWhole(base);
  } catch (error) {
    if (codeOfSystemError(error) === undefined) throw error;
  }
}

/** By a build that goes on for longer than its mark protects, as far as can be known. */
function isWorkedIn(base: string): boolean {
  const work = join(base, WORKING_COPIES);
  try {
    return readdirSync(work).some((name) => occupancyOf(join(work, name)).kind !== "abandoned");
  } catch (error) {
    const code = codeOfSystemError(error);
    if (code === undefined) throw error;
    // No build has worked there; or the directory is somebody else's, and not to be looked into.
    return code !== "ENOENT";
  }
}

function lastUse(base: string): number {
  const statuses = [join(base, MARK), base].map((path) =>
    lstatSync(path, { throwIfNoEntry: false }),
  );
  return statuses.find((status) => status !== undefined)?.mtimeMs ?? 0;
}

/** Without the working copies: most of their files are the base's, and they come and go meanwhile. */
export function sizeOfBase(base: string): number {
  try {
    const kept = readdirSync(base, { withFileTypes: true }).filter(
      ({ name }) => name !== WORKING_COPIES,
    );
    const below = kept
      .filter((entry) => entry.isDirectory())
      .flatMap(({ name }) =>
        readdirSync(join(base, name), { recursive: true, withFileTypes: true }),
      );
    return [...kept, ...below]
      .filter((entry) => entry.isFile())
      .map((entry) => lstatSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false }))
      .reduce((sum, status) => sum + (status?.size ?? 0), 0);
  } catch {
    return 0; // Another process removes it.
  }
}
