// Whether what lies in a directory can only be ours. In /tmp another user may have made a directory of
// any name first, whoever can write to a directory can put files with our names into it, and whoever can
// write to one above can put another one in its place. ssh asks the same of the directory of its keys.

import { lstatSync, readFileSync, realpathSync, type Stats } from "node:fs";
import { userInfo } from "node:os";
import { dirname } from "node:path";

const GROUP_OR_OTHERS_WRITE = 0o022;
const GROUP_WRITE = 0o020;
const OTHERS_WRITE = 0o002;
/** Only owners may rename and remove what lies in such a directory. */
const STICKY = 0o1000;
const ROOT = 0;
/** Shown for owners that this user namespace does not know, as that of / in some containers. */
const UNMAPPED = 65534;

/** In words; undefined when only this user and root can write to it. */
export function whyNotOurs({ uid, mode }: Pick<Stats, "uid" | "mode">): string | undefined {
  if (uid !== userInfo().uid && uid !== ROOT) return "it belongs to another user";
  if ((mode & GROUP_OR_OTHERS_WRITE) === 0) return undefined;
  return `other users may write to it (mode ${(mode & 0o777).toString(8)})`;
}

/**
 * Who else could put another directory in the place of an existing one, in words. A directory above may be
 * writable for the user's own group, as some distributions make them.
 * @throws the system's error
 */
export function whyReplaceable(folder: string): string | undefined {
  for (const path of new Set([...above(folder), ...above(realpathSync(folder))])) {
    const { uid, gid, mode } = lstatSync(path);
    const isUnknown = uid === UNMAPPED && !seesAllUsers();
    if (uid !== userInfo().uid && uid !== ROOT && !isUnknown)
      return `"${path}" belongs to another user`;
    const isLink = (mode & 0o170000) === 0o120000;
    if (isLink || (mode & STICKY) !== 0) continue;
    const others = (mode & OTHERS_WRITE) !== 0;
    const group = (mode & GROUP_WRITE) !== 0 && gid !== ROOT && gid !== userInfo().gid;
    if (others || group) return `other users may write to "${path}" above it`;
  }
  return undefined;
}

function above(folder: string): readonly string[] {
  const parent = dirname(folder);
  return parent === folder ? [] : [parent, ...above(parent)];
}

function seesAllUsers(): boolean {
  try {
    return /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync("/proc/self/uid_map", "latin1"));
  } catch {
    return true;
  }
}
