// A depot in a directory of this machine, or of one that is mounted.

import { open } from "node:fs/promises";
import { join } from "node:path";
import { codeOfSystemError, systemStateOf } from "../../system-state.ts";
import { tooLong, unreachable } from "./limits.ts";
import type { DepotSource } from "./source-form.ts";

export function fileSource(folder: string): DepotSource {
  return {
    place: folder,
    read: async (path, maxLength) => {
      try {
        await using file = await open(join(folder, path), "r");
        const { size } = await file.stat();
        if (size > maxLength) throw tooLong(folder, path, maxLength);
        // It may grow meanwhile; what is judged is what was read.
        const bytes = Buffer.alloc(size);
        const { bytesRead } = await file.read(bytes, 0, size, 0);
        return new Uint8Array(bytes.subarray(0, bytesRead));
      } catch (cause) {
        const code = codeOfSystemError(cause);
        if (code === "ENOENT" && (await isThere(folder))) return undefined;
        if (code === undefined) throw cause;
        throw unreachable(folder, path, systemStateOf(cause), cause);
      }
    },
  };
}

/** A directory that is not there at all is not an answer. */
async function isThere(folder: string): Promise<boolean> {
  try {
    await using _ = await open(join(folder, "metadata"), "r");
    return true;
  } catch {
    return false;
  }
}
