// Writes what readKeptCode() reads. A file of its own, since few runs need it.

import { dirname } from "node:path";
import type { Script } from "node:vm";
import { makeFolder } from "../files/make-folder.ts";
import { writeWhole } from "../files/write-whole.ts";
import { cacheFolder, requireCacheFolder } from "../parts/cache-folder.ts";
import type { KeptHead } from "./kept-code.ts";

/** Never throws: the next start is as slow as this one was. */
export function keepCode(
  file: string,
  digest: string,
  scripts: ReadonlyMap<string, Pick<Script, "createCachedData">>,
): void {
  try {
    requireCacheFolder(cacheFolder());
    const parts = [...scripts].map(([name, script]) => [name, script.createCachedData()] as const);
    const head: KeptHead = { digest, sizes: parts.map(([name, bytes]) => [name, bytes.length]) };
    makeFolder(dirname(file));
    const bytes = [Buffer.from(`${JSON.stringify(head)}\n`), ...parts.map(([, part]) => part)];
    writeWhole(file, Buffer.concat(bytes));
  } catch {
    // No home, no room, or a cache that is not ours.
  }
}
