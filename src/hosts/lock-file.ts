// A lock on a file of this machine: only one process at a time moves a host from one set of payloads to
// another.

import { LockError } from "../files/errors.ts";
import { type FileLock, tryLock } from "../files/lock.ts";
import { HostError } from "../host/errors.ts";
import { codeOfSystemError, systemStateOf } from "../system-state.ts";

/** No file can be created there: a process that works without a lock excludes no other process. */
const noPlace = [
  ...["ENOENT", "ENOTDIR", "EISDIR", "ELOOP", "ENAMETOOLONG"],
  ...["EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT"],
];

/**
 * Creates the file, but not its directory: where that is missing, the locked object may not exist any
 * more.
 * @returns `undefined` when another process holds it
 * @throws HostError host/unsupported where there is no flock(1), or no place for the file; LockError
 * files/flock-ended; the system's error for a temporary problem of this machine or process
 */
export async function holdLockFile(path: string): Promise<AsyncDisposable | undefined> {
  const lock = lockOrExplain(path);
  if (lock === undefined) return undefined;
  return { [Symbol.asyncDispose]: async () => lock[Symbol.dispose]() };
}

function lockOrExplain(path: string): FileLock | undefined {
  try {
    return tryLock(path);
  } catch (error) {
    const said = whyUnsupported(error);
    throw said === undefined ? error : cannotLock(path, said, error);
  }
}

/** `undefined` when the next attempt may succeed, or that is unknown. */
function whyUnsupported(error: unknown): string | undefined {
  if (error instanceof LockError) {
    const { code, where, problem } = error.report;
    return code === "files/flock-ended" ? undefined : (where ?? problem);
  }
  return noPlace.includes(codeOfSystemError(error) ?? "") ? systemStateOf(error) : undefined;
}

export function cannotLock(path: string, said: string, cause?: unknown): HostError {
  const lacksFlock = /\bflock\b.*\b(not (found|there)|missing)\b/.test(said);
  const why = lacksFlock
    ? `the program flock is missing, which locks ${path}`
    : `${path} cannot be locked`;
  return new HostError(
    {
      code: "host/unsupported",
      problem: `Cannot keep others from working at the same time: ${why}`,
      ...(said.trim() === "" ? {} : { where: said.trim() }),
      expected: "the program flock (Debian: util-linux), and a writable directory",
    },
    { cause },
  );
}
