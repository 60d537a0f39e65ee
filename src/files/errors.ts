// Why a file cannot be locked, or not be written. The callers add the purpose of the lock.

import { XspliceError } from "../error.ts";

export class LockError extends XspliceError<
  /** No program to lock with. */
  | "files/no-flock"
  /** The file system, or the system, does not support a lock on this file. */
  | "files/cannot-lock"
  /** A signal ended the program flock before it had the lock. */
  | "files/flock-ended"
> {}

/** Somebody else has put a link where we are to write. */
export class FileError extends XspliceError<"file/foreign-link"> {}

export function noFlock(cause: unknown): LockError {
  const report = {
    code: "files/no-flock",
    problem: "Cannot lock: the program flock is missing",
    remedy: "install it (Debian: util-linux)",
  } as const;
  return new LockError(report, { cause });
}

export function cannotLock(path: string, said: string): LockError {
  return new LockError({
    code: "files/cannot-lock",
    problem: `Cannot lock "${path}"`,
    where: said.trim() || "flock ended without a message",
    expected: "a file system that has locks (flock)",
  });
}

export function flockEnded(path: string): LockError {
  return new LockError({
    code: "files/flock-ended",
    problem: `Cannot lock "${path}": a signal ended the program flock`,
    remedy: "try again",
  });
}
