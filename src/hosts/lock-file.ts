// A lock on a file of this machine: one at a time moves a host from one set of payloads to another.

import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { LockError } from "../files/errors.ts";
import { type FileLock, tryLock } from "../files/lock.ts";
import { HostError } from "../host/errors.ts";
import { systemStateOf } from "../system-state.ts";

/**
 * @returns `undefined` when somebody else has it
 * @throws HostError host/unsupported where there is no flock(1), or no place for the file
 */
export async function holdLockFile(path: string): Promise<AsyncDisposable | undefined> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch(() => undefined);
  const lock = lockOrExplain(path);
  if (lock === undefined) return undefined;
  return { [Symbol.asyncDispose]: async () => lock[Symbol.dispose]() };
}

function lockOrExplain(path: string): FileLock | undefined {
  try {
    return tryLock(path);
  } catch (error) {
    const refused = error instanceof LockError ? error.report : undefined;
    throw cannotLock(path, refused?.where ?? refused?.problem ?? systemStateOf(error), error);
  }
}

export function cannotLock(path: string, said: string, cause?: unknown): HostError {
  return new HostError(
    {
      code: "host/unsupported",
      problem: `Cannot keep others from working at the same time: ${path} cannot be locked`,
      ...(said.trim() === "" ? {} : { where: said.trim() }),
      expected: "the program flock (Debian: util-linux), and a writable directory",
    },
    { cause },
  );
}
