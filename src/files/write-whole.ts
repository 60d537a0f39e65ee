// Writes a file so that it is whole or not there, or is what it was: beside its place under another
// name, then renamed. Nothing is left behind on failure.

import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { syncFolder } from "./sync-to-disk.ts";

export interface WriteOptions {
  /** As the umask leaves it; that of an ordinary file without it. */
  readonly mode?: number;
  /**
   * A power cut may leave an empty file under a new name whose bytes were not on the disk yet. To
   * wait for the disk takes some 10 ms; whoever can tell a damaged file may do without.
   */
  readonly survives?: "power cut" | "death of the process";
}

/** @throws the system's error */
export function writeWhole(
  path: string,
  content: Uint8Array | string,
  { mode = 0o666, survives = "power cut" }: WriteOptions = {},
): void {
  const beside = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  const toDisk = survives === "power cut";
  try {
    const file = openSync(beside, "wx", mode);
    try {
      writeFileSync(file, content);
      if (toDisk) fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
  if (toDisk) syncFolder(dirname(path));
}
