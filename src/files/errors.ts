// Why a file cannot be locked. Layers above say what they wanted the lock for.

import { XspliceError } from "../error.ts";

export class LockError extends XspliceError<
  /** No program to lock with. */
  | "files/no-flock"
  /** The file system, or the system, takes no lock on this file. */
  | "files/cannot-lock"
  /** Something ended the program flock before it had locked. */
  | "files/flock-ended"
> {}

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
