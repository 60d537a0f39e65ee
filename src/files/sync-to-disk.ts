// What has to be on the disk before a power cut may come. Only the files and directories in question: the
// whole file system, or all of the machine, may have so much to write that it takes minutes.

import { closeSync, fsyncSync, openSync } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { codeOfSystemError } from "../system-state.ts";

/** The file system writes down together what is asked for at the same time. */
const AT_A_TIME = 16;

/** A file, or a directory with all that is in it. @throws the system's error */
export async function syncTree(path: string): Promise<void> {
  const remaining = (await pathsIn(path)).values();
  const syncThem = async (): Promise<void> => {
    for (const each of remaining) await syncOne(each);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, syncThem));
}

/** What the directory has under which name. @throws the system's error */
export function syncFolder(path: string): void {
  let folder: number | undefined;
  try {
    folder = openSync(path, "r");
    fsyncSync(folder);
  } catch (error) {
    requireHarmless(error);
  } finally {
    if (folder !== undefined) closeSync(folder);
  }
}

async function pathsIn(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    // A link is in its directory, and a socket or a device has nothing of its own.
    const kept = entries.filter((entry) => entry.isFile() || entry.isDirectory());
    return [...kept.map(({ parentPath, name }) => join(parentPath, name)), path];
  } catch (error) {
    if (codeOfSystemError(error) === "ENOTDIR") return [path];
    throw error;
  }
}

async function syncOne(path: string): Promise<void> {
  try {
    const file = await open(path, "r");
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    requireHarmless(error);
  }
}

/**
 * A file system that cannot, or a directory that may be written to and not read: then it comes to the
 * disk when it comes, and a rename with it, old or new.
 */
function requireHarmless(error: unknown): void {
  if (!["EINVAL", "ENOTSUP", "EACCES"].includes(codeOfSystemError(error) ?? "")) throw error;
}
