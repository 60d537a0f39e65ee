// Reads a file that the user named, and says so when it is not one.

import { readFile, stat } from "node:fs/promises";
import { XspliceError } from "../error.ts";
import { codeOfSystemError, systemStateOf } from "../system-state.ts";
import { readPipe } from "./read-pipe.ts";

export class InputFileError extends XspliceError<
  "file/missing" | "file/not-a-file" | "file/no-permission" | "file/too-large" | "file/unreadable"
> {}

export interface InputLimit {
  readonly sizeMax: number;
  /** Why not more. */
  readonly reason: string;
  /** A pipe may keep its reader waiting. */
  readonly signal?: AbortSignal;
}

/**
 * @throws InputFileError with the file's name, unless it is one of at most `sizeMax` bytes; the reason
 *   of the signal
 */
export async function readInputFile(path: string, limit: InputLimit): Promise<Uint8Array> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) throw notAFile(path);
    if (!found.isFile()) {
      const bytes = await readPipe(path, found.isFIFO() ? "pipe" : "device", limit);
      if (bytes === undefined) throw tooLarge(path, `more than ${limit.sizeMax}`, limit);
      return bytes;
    }
    // Asked before reading, so that a wrong name does not fill the memory.
    if (found.size > limit.sizeMax) throw tooLarge(path, String(found.size), limit);
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    limit.signal?.throwIfAborted();
    throw cause instanceof InputFileError ? cause : unreadable(path, cause);
  }
}

function notAFile(path: string): InputFileError {
  return new InputFileError({
    code: "file/not-a-file",
    problem: `Cannot read "${path}": it is a directory`,
    expected: "a file",
  });
}

function tooLarge(path: string, size: string, limit: InputLimit): InputFileError {
  return new InputFileError({
    code: "file/too-large",
    problem: `Cannot use "${path}": it has ${size} bytes`,
    expected: `${limit.sizeMax} bytes at most, ${limit.reason}`,
  });
}

function unreadable(path: string, cause: unknown): InputFileError {
  const code = codeOfSystemError(cause);
  if (code === "ENOENT" || code === "ENOTDIR") {
    const problem = `Cannot read "${path}": there is no such file`;
    const remedy = "check the path, and the directory that it is relative to";
    return new InputFileError({ code: "file/missing", problem, remedy }, { cause });
  }
  if (code === "EACCES" || code === "EPERM") {
    const problem = `Cannot read "${path}": this user may not`;
    const remedy = "run as a user who may read it";
    return new InputFileError({ code: "file/no-permission", problem, remedy }, { cause });
  }
  const problem = `Cannot read "${path}": ${systemStateOf(cause)}`;
  return new InputFileError({ code: "file/unreadable", problem }, { cause });
}
