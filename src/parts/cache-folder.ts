// The directory of everything that can be made again: parts, images, snapshots.

import { accessSync, chmodSync, constants, statSync } from "node:fs";
import { userInfo } from "node:os";
import { isAbsolute, join } from "node:path";
import { makeFolder, stateOfUnmade } from "../files/make-folder.ts";
import { whyNotOurs, whyReplaceable } from "../files/own-folder.ts";
import { PartsError } from "./errors.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** `xsplice` in the XDG cache directory. As XDG says, an empty or relative value counts as not set. */
export function cacheFolder(environment: Environment = process.env): string {
  const configured = absolute(environment["XDG_CACHE_HOME"]);
  const base = configured ?? join(absolute(environment["HOME"]) ?? userInfo().homedir, ".cache");
  return join(base, "xsplice");
}

function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}

/**
 * Makes the directory, if need be, before anything is made in it. What lies in it is run and goes into
 * payloads, so nobody else may be able to write to it.
 * @throws PartsError parts/no-cache
 */
export function requireCacheFolder(cache: string): void {
  try {
    makeFolder(cache, MODE);
    accessSync(cache, constants.W_OK);
    const status = statSync(cache);
    const state = whyNotOurs(status) ?? whyReplaceable(cache);
    if (state !== undefined) throw notOurs(cache, state);
    // Made by an earlier release, maybe with an umask by which others may write below it.
    const isOpen = (status.mode & 0o777) !== MODE && status.uid === userInfo().uid;
    if (isOpen) chmodSync(cache, MODE);
  } catch (cause) {
    if (cause instanceof PartsError) throw cause;
    throw new PartsError(
      {
        code: "parts/no-cache",
        problem: `Cannot write to the cache "${cache}": ${stateOfUnmade(cause)}`,
        remedy: "set XDG_CACHE_HOME to a directory that you may write to",
      },
      { cause },
    );
  }
}

/** So that the modes of what lies below do not matter. */
const MODE = 0o700;

function notOurs(cache: string, state: string): PartsError {
  return new PartsError({
    code: "parts/no-cache",
    problem: `Cannot use the cache "${cache}": ${state}`,
    expected: "a directory of this user, to which nobody else may write",
    remedy:
      "remove it (all of it can be made again), or set XDG_CACHE_HOME to a directory of your own; " +
      "if it is yours and nobody else has written to it, chmod -R go-w is enough",
  });
}
