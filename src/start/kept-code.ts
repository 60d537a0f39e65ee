// V8's code of the files that one command loads, in the cache. V8 takes what it is given without a look at all of it,
// so it is read only where nobody else can have written it, and it is written as a whole.

import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { whyNotOurs, whyReplaceable } from "../files/own-folder.ts";
import { cacheFolder } from "../parts/cache-folder.ts";

/** The first line of such a file. */
export interface KeptHead {
  /** Of all files of the bundle. */
  readonly digest: string;
  /** What follows, one behind the other. */
  readonly sizes: readonly (readonly [name: string, size: number])[];
}

/** One for each command, since each runs other functions of the files that all of them load. */
export function keptCodeFile(argv: readonly string[], commands: readonly string[]): string {
  const command = argv.slice(2).find((word) => commands.includes(word)) ?? "none";
  return join(cacheFolder(), "code", `${command}-${process.version}`);
}

/** `undefined` where there is none for this bundle, or it may be somebody else's. */
export function readKeptCode(
  file: string,
  digest: string,
): ReadonlyMap<string, Uint8Array> | undefined {
  try {
    const cache = cacheFolder();
    if (whyNotOurs(statSync(cache)) !== undefined || whyReplaceable(cache) !== undefined) return;
    const bytes = readFileSync(file);
    const headSize = bytes.indexOf("\n") + 1;
    const head: KeptHead = JSON.parse(bytes.toString("latin1", 0, headSize));
    if (head.digest !== digest) return;
    const parts = new Map<string, Uint8Array>();
    let at = headSize;
    for (const [name, size] of head.sizes) {
      parts.set(name, bytes.subarray(at, at + size));
      at += size;
    }
    return at === bytes.length ? parts : undefined;
  } catch {
    // The command runs without.
    return undefined;
  }
}
