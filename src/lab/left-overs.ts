// Temporary folders of commands that were killed. Their makers name them xsplice-WHAT-PID-XXXXXX, so
// that whoever comes later can tell whether somebody still works there.

import { lstatSync, readdirSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { isAlive } from "./seat.ts";

/** The end is mkdtemp's. */
const NAME = /^xsplice-[a-z]+-(?<pid>\d+)-\w{6}$/;

/** Removes those whose makers are dead, of this user only. Gives the number of folders. */
export function removeLeftOvers(parent: string = tmpdir()): number {
  const dead = readdirSync(parent).filter((name) => {
    const pid = NAME.exec(name)?.groups?.["pid"];
    return pid !== undefined && !isAlive(Number(pid)) && isOwnFolder(join(parent, name));
  });
  for (const name of dead) rmSync(join(parent, name), { recursive: true, force: true });
  return dead.length;
}

function isOwnFolder(path: string): boolean {
  const status = lstatSync(path, { throwIfNoEntry: false });
  return status?.isDirectory() === true && status.uid === userInfo().uid;
}
