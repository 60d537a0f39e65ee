// Writes a result so that its file is either whole or not there: beside its place under another
// name, then renamed. Nothing is left behind on failure.

import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { BuilderError } from "./errors.ts";

/** @throws BuilderError builder/cannot-write */
export async function writeFileAtomically(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    const file = await open(temporary, "wx", 0o644);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new BuilderError(
      {
        code: "builder/cannot-write",
        problem: `Cannot write "${path}": ${cause instanceof Error ? cause.message : cause}`,
      },
      { cause },
    );
  }
}
