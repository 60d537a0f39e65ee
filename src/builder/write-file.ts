// Writes a result so that its file is either whole or not there. What is there and no plain file (a
// device such as /dev/null, a pipe) is written to instead: renaming would put a file in its place.

import { realpath, rm, stat, writeFile } from "node:fs/promises";
import { BuilderError } from "../build-outcome/builder-error.ts";
import { writeWhole } from "../files/write-whole.ts";
import { codeOfSystemError, systemStateOf } from "../system-state.ts";

/** @throws BuilderError builder/cannot-write */
export async function writeFileAtomically(path: string, bytes: Uint8Array): Promise<void> {
  try {
    const place = await findPlace(path);
    if (place === "special") await writeFile(path, bytes);
    else writeWhole(place.path, bytes, { mode: 0o644 });
  } catch (cause) {
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
 * Takes away what an earlier run left at `path`: a plain file, also behind a link. A device, a pipe
 * or a directory stays, as does what cannot be removed: writing tells what is wrong with the place.
 */
export async function removeEarlierResult(path: string): Promise<void> {
  try {
    if ((await stat(path)).isFile()) await rm(await realpath(path));
  } catch {
    // Nothing there, in most cases.
  }
}

/** A device or a pipe, beside which nothing else is to be put. */
export async function isDevice(path: string): Promise<boolean> {
  try {
    const found = await stat(path);
    return !found.isFile() && !found.isDirectory();
  } catch {
    return false; // Nothing there, or nothing that can be looked at: writing tells.
  }
}

/** A file that is not there yet is no trouble: its directory is. */
function stateOfTarget(cause: unknown): string {
  return codeOfSystemError(cause) === "ENOENT"
    ? "there is no such directory"
    : systemStateOf(cause);
}

/** Behind symbolic links, which stay what they are. */
async function findPlace(path: string): Promise<"special" | { readonly path: string }> {
  try {
    const found = await stat(path);
    if (!found.isFile() && !found.isDirectory()) return "special";
    return { path: await realpath(path) };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return { path };
    throw error;
  }
}
