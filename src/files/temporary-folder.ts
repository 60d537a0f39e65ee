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

/** The address of a Unix socket has no more bytes. */
const SOCKET_PATH_MAX = 107;

/** What ssh and QEMU read as a path, and as nothing more: neither `%h` nor `${HOME}`, a blank or a comma. */
export function isPlainPath(path: string): boolean {
  return /^[\w./+@-]*$/.test(path);
}

/**
 * `what` is part of its name: a word in small letters.
 * @param socket of the longest name in it, with its slash: then it is in /tmp where TMPDIR is too long, or has
 *   characters that programs read as something else
 */
export function makeTemporaryFolder(what: string, socket?: string): ClaimedFolder {
  const prefix = `xsplice-${what}-${process.pid}-`;
  const longest = `${tmpdir()}/${prefix}XXXXXX${socket ?? ""}`;
  const isPlain = Buffer.byteLength(longest) <= SOCKET_PATH_MAX && isPlainPath(longest);
  return claimFolder(socket === undefined || isPlain ? tmpdir() : "/tmp", prefix);
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
