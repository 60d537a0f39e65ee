// Writes to the disk what must survive a power cut: only the given files and directories, because the
// whole file system, or the whole machine, may have minutes of pending writes.

import { closeSync, fsyncSync, openSync } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { codeOfSystemError } from "../system-state.ts";

/** The file system combines requests that are made at the same time. */
const AT_A_TIME = 16;

/** A file, or a directory with all its contents. @throws the system's error */
export async function syncTree(path: string): Promise<void> {
  const remaining = (await pathsIn(path)).values();
  const syncThem = async (): Promise<void> => {
    for (const each of remaining) await syncOne(each);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, syncThem));
}

/** The names in the directory. @throws the system's error */
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
    // A link is part of its directory; a socket or a device has no contents.
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
 * Not supported by the file system, or a directory with write but no read permission: it is written to
 * the disk at some later time, and a rename with it, old or new.
 */
function requireHarmless(error: unknown): void {
  if (!["EINVAL", "ENOTSUP", "EACCES"].includes(codeOfSystemError(error) ?? "")) throw error;
}
