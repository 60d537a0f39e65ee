// Directories for one task, and removal of those that killed commands left behind.

import { lstatSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import {
  type ClaimedFolder,
  claimFolder,
  type Removed,
  removeAbandoned,
} from "./claimed-folder.ts";
import { isFolder } from "./make-folder.ts";

/** The process id is for people; mkdtemp adds the end. */
const NAME = /^xsplice-[a-z]+-\d+-\w{6}$/;

/** `what` is part of its name: a word in small letters. */
export function makeTemporaryFolder(what: string): ClaimedFolder {
  return claimFolder(tmpdir(), `xsplice-${what}-${process.pid}-`);
}

/** Removes those that no process holds, of this user only. TMPDIR may name no directory. */
export function removeLeftOvers(parent: string = tmpdir()): Removed {
  if (!isFolder(parent)) return { count: 0, kept: [] };
  return removeAbandoned(parent, (name) => NAME.test(name) && isOwnFolder(join(parent, name)));
}

function isOwnFolder(path: string): boolean {
  const status = lstatSync(path, { throwIfNoEntry: false });
  return status?.isDirectory() === true && status.uid === userInfo().uid;
}
