// Where everything lies that can be made again: parts, images, snapshots.

import { accessSync, constants, mkdirSync } from "node:fs";
import { userInfo } from "node:os";
import { isAbsolute, join } from "node:path";
import { PartsError } from "./errors.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** `xsplice` in the XDG cache folder. What is empty or relative counts as not set, as XDG says. */
export function cacheFolder(environment: Environment = process.env): string {
  const configured = absolute(environment["XDG_CACHE_HOME"]);
  const base = configured ?? join(absolute(environment["HOME"]) ?? userInfo().homedir, ".cache");
  return join(base, "xsplice");
}

function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
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
