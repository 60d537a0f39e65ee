// Writes a result so that its file is complete or absent. If the path is not a plain file (a device
// such as /dev/null, a pipe), the result is written to it directly: renaming would replace it by a
// file.

import { lstat, rm, stat, writeFile } from "node:fs/promises";
import { BuilderError } from "../build-outcome/builder-error.ts";
import { FileError } from "../files/errors.ts";
import { followTrusted } from "../files/trusted-way.ts";
import { writeWhole } from "../files/write-whole.ts";
import { codeOfSystemError, systemStateOf } from "../system-state.ts";

/** @throws BuilderError builder/cannot-write, FileError file/foreign-link */
export async function writeFileAtomically(path: string, bytes: Uint8Array): Promise<void> {
  try {
    const place = await findPlace(path);
    if (place === "special") await writeFile(path, bytes);
    else writeWhole(place.path, bytes, { mode: 0o644 });
  } catch (cause) {
    if (cause instanceof FileError) throw cause;
    throw new BuilderError(
      {
        code: "builder/cannot-write",
        problem: `Cannot write "${path}": ${stateOfTarget(cause)}`,
        remedy: "name another place, with --output",
      },
      { cause },
    );
  }
}

/**
 * Removes the result of an earlier run at `path`: a plain file, also through a symbolic link. A device,
 * a pipe, a directory, or a file that cannot be removed stays; writing reports the problem.
 */
export async function removeEarlierResult(path: string): Promise<void> {
  try {
    const place = followTrusted(path);
    if ((await lstat(place)).isFile()) await rm(place);
  } catch {
    // In most cases nothing exists there.
  }
}

/** A device or a pipe; no temporary file may be created next to it. */
export async function isDevice(path: string): Promise<boolean> {
  try {
    const found = await stat(path);
    return !found.isFile() && !found.isDirectory();
  } catch {
    return false; // Nothing there, or nothing that can be looked at: writing tells.
  }
}

/** A missing file is no problem, a missing directory is. */
function stateOfTarget(cause: unknown): string {
  return codeOfSystemError(cause) === "ENOENT"
    ? "there is no such directory"
    : systemStateOf(cause);
}

/** Follows symbolic links and keeps them. */
async function findPlace(path: string): Promise<"special" | { readonly path: string }> {
  const place = followTrusted(path);
  try {
    const found = await stat(path);
    if (!found.isFile() && !found.isDirectory()) return "special";
    // Not looked up again: who puts a link there now finds it replaced, not followed.
    return { path: place };
  } catch (error) {
    if (codeOfSystemError(error) === "ENOENT") return { path: place };
    throw error;
  }
}
