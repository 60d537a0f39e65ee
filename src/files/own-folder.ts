// Whether what lies in a directory can only be ours. In /tmp another user may have made a directory of
// any name first, and whoever can write to a directory can put files with our names into it.

import type { Stats } from "node:fs";
import { userInfo } from "node:os";

const GROUP_OR_OTHERS_WRITE = 0o022;
const ROOT = 0;

/** In words; undefined when only this user and root can write to it. */
export function whyNotOurs({ uid, mode }: Pick<Stats, "uid" | "mode">): string | undefined {
  if (uid !== userInfo().uid && uid !== ROOT) return "it belongs to another user";
  if ((mode & GROUP_OR_OTHERS_WRITE) === 0) return undefined;
  return `other users may write to it (mode ${(mode & 0o777).toString(8)})`;
}
