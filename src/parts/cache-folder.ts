// Where everything lies that can be made again: parts, images, snapshots.

import { accessSync, constants, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { PartsError } from "./errors.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** `xsplice` in the XDG cache folder. A relative XDG_CACHE_HOME counts as not set, as XDG says. */
export function cacheFolder(environment: Environment = process.env): string {
  const configured = environment["XDG_CACHE_HOME"];
  const base =
    configured !== undefined && isAbsolute(configured)
      ? configured
      : join(environment["HOME"] ?? homedir(), ".cache");
  return join(base, "xsplice");
}

/**
 * Makes the folder, if need be, before anything is made in it.
 * @throws PartsError parts/no-cache
 */
export function requireCacheFolder(cache: string): void {
  try {
    mkdirSync(cache, { recursive: true });
    accessSync(cache, constants.W_OK);
  } catch (cause) {
    throw new PartsError(
      {
        code: "parts/no-cache",
        problem: `Cannot keep anything in "${cache}": ${cause instanceof Error ? cause.message : cause}`,
        remedy: "set XDG_CACHE_HOME to a folder that you may write to",
      },
      { cause },
    );
  }
}
