// What the system refuses, wherever it happens to meet us, for reasons that are neither a bug of ours
// nor the user's input: a full disk first of all, or a cache that something else has changed.

import { sep } from "node:path";
import { XspliceError } from "../error.ts";
import { stateOfFolder, systemStateOf } from "../system-state.ts";

const refusals = [
  "ENOSPC",
  "EDQUOT",
  "EROFS",
  "EIO",
  "EACCES",
  "EPERM",
  "EMFILE",
  "ENFILE",
  "ENOMEM",
];

/** Of a path in the cache, or of TMPDIR: something is in its place, or it is not there any more. */
const changed = ["ENOENT", "ENOTDIR", "EISDIR", "EEXIST", "ELOOP", "ENOTEMPTY", "ENXIO", "EXDEV"];

export class SystemError extends XspliceError<"system/refused" | "system/cache-changed"> {}

/** `undefined` for every other error. `cache` is the directory of all that can be made again. */
export function asSystemError(error: unknown, cache: string): SystemError | undefined {
  if (error instanceof XspliceError || !(error instanceof Error)) return undefined;
  const { code = "", syscall, path } = error as NodeJS.ErrnoException;
  if (syscall === undefined) return undefined;
  if (path?.startsWith(`${cache}${sep}`) && changed.includes(code)) {
    return cacheChanged(path, error);
  }
  // The call fails with these codes where TMPDIR does not name a directory.
  const isNoTemporaryFolder = syscall === "mkdtemp" && changed.includes(code);
  if (!isNoTemporaryFolder && !refusals.includes(code)) return undefined;
  const state = code === "ENOENT" ? "there is no such directory" : systemStateOf(error);
  const report = {
    code: "system/refused",
    problem: `Cannot go on: ${state}`,
    where: path === undefined ? `"${syscall}" of a file` : path,
    remedy:
      "make room or give access; XDG_CACHE_HOME and TMPDIR name other directories for caches and work",
  } as const;
  return new SystemError(report, { cause: error });
}

function cacheChanged(path: string, cause: Error): SystemError {
  const report = {
    code: "system/cache-changed",
    problem: `Cannot use the cache: ${stateOfFolder(cause)}`,
    where: path,
    expected: "a cache that only xsplice changes",
    remedy:
      'remove what is at this path, or all of the cache with "xsplice lab clean --cache": it is made again',
  } as const;
  return new SystemError(report, { cause });
}
