// Writes a file so that it is complete, absent or unchanged: under another name next to it, then
// renamed. Nothing is left behind on failure.

import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { syncFolder } from "./sync-to-disk.ts";

export interface WriteOptions {
  /** By default the mode of an ordinary file; the umask applies. */
  readonly mode?: number;
  /**
   * After a power cut the new name may have an empty file, if its bytes were not on the disk yet.
   * Waiting for the disk takes some 10 ms; callers that detect a damaged file may skip it.
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
