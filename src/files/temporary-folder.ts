// Directories for the time of one piece of work, and what commands that were killed have left of them.

import { lstatSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import {
  type ClaimedFolder,
  claimFolder,
  type Removed,
  removeAbandoned,
} from "./claimed-folder.ts";

/** The process id is for people who look around; the end is mkdtemp's. */
const NAME = /^xsplice-[a-z]+-\d+-\w{6}$/;

/** `what` stands in its name: a word in small letters. */
export function makeTemporaryFolder(what: string): ClaimedFolder {
  return claimFolder(tmpdir(), `xsplice-${what}-${process.pid}-`);
}

/** Removes those that nobody holds, of this user only. */
export function removeLeftOvers(parent: string = tmpdir()): Removed {
  return removeAbandoned(parent, (name) => NAME.test(name) && isOwnFolder(join(parent, name)));
}

function isOwnFolder(path: string): boolean {
  const status = lstatSync(path, { throwIfNoEntry: false });
  return status?.isDirectory() === true && status.uid === userInfo().uid;
}
