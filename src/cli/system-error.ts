// What the system refuses, wherever it happens to meet us, for reasons that are neither a bug of ours
// nor the user's input: a full disk first of all.

import { XspliceError } from "../error.ts";
import { systemStateOf } from "../system-state.ts";

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

export class SystemError extends XspliceError<"system/refused"> {}

/** `undefined` for every other error. */
export function asSystemError(error: unknown): SystemError | undefined {
  if (error instanceof XspliceError || !(error instanceof Error)) return undefined;
  const { code, syscall, path } = error as NodeJS.ErrnoException;
  const isNoTemporaryFolder = syscall === "mkdtemp" && code === "ENOENT";
  if (syscall === undefined) return undefined;
  if (!isNoTemporaryFolder && !refusals.includes(code ?? "")) return undefined;
  const state = isNoTemporaryFolder ? "there is no such directory" : systemStateOf(error);
  const report = {
    code: "system/refused",
    problem: `Cannot go on: ${state}`,
    where: path === undefined ? `"${syscall}" of a file` : path,
    remedy:
      "make room or give access; XDG_CACHE_HOME and TMPDIR name other directories for caches and work",
  } as const;
  return new SystemError(report, { cause: error });
}
