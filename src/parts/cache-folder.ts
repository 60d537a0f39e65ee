// Where everything lies that can be made again: parts, images, snapshots.

import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

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
