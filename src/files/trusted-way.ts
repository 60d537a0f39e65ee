// The way to a file that is to be written, through symbolic links. In a directory where everybody may make files, such
// as /tmp, a link of somebody else would lead us to a file of ours: the kernel does not follow it there
// (protected_symlinks in proc_sys_fs(5)), but only where it follows links itself, and not on every machine.

import { lstatSync, readlinkSync, type Stats } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { FileError } from "./errors.ts";

/** As many as the kernel follows. */
const LINKS_MAX = 40;
const STICKY = 0o1000;
const OTHERS_WRITE = 0o002;

/**
 * The path without links; what does not exist yet is taken as it is.
 * @throws FileError file/foreign-link; the system's error
 */
export function followTrusted(path: string): string {
  const steps = stepsOf(isAbsolute(path) ? path : `${process.cwd()}/${path}`);
  let place = "/";
  let links = 0;
  for (let step = steps.shift(); step !== undefined; step = steps.shift()) {
    if (step === "..") {
      place = dirname(place);
      continue;
    }
    const next = join(place, step);
    const found = lstatSync(next, { throwIfNoEntry: false });
    if (found !== undefined) requireTrusted(found, { path, place: next, folder: place });
    if (found?.isSymbolicLink() !== true) {
      place = next;
      continue;
    }
    links += 1;
    if (links > LINKS_MAX) throw Object.assign(new Error(`ELOOP: ${path}`), { code: "ELOOP" });
    const target = readlinkSync(next);
    steps.unshift(...stepsOf(target));
    if (isAbsolute(target)) place = "/";
  }
  return place;
}

/** Not made shorter by what `..` undoes: it may follow a link. */
function stepsOf(path: string): string[] {
  return path.split("/").filter((step) => step !== "" && step !== ".");
}

interface Way {
  readonly path: string;
  readonly place: string;
  readonly folder: string;
}

function requireTrusted(found: Stats, { path, place, folder }: Way): void {
  if (found.isFile() || found.isDirectory()) return;
  if (!isSharedFolder(folder) || !isForeign(found.uid, folder)) return;
  throw foreign(path, place, found.isSymbolicLink() ? "link" : "pipe or device");
}

function isSharedFolder(folder: string): boolean {
  const { mode } = lstatSync(folder);
  return (mode & STICKY) !== 0 && (mode & OTHERS_WRITE) !== 0;
}

/** Neither ours nor of whom the directory belongs to. */
function isForeign(uid: number, folder: string): boolean {
  return uid !== process.geteuid?.() && uid !== lstatSync(folder).uid;
}

function foreign(path: string, place: string, what: string): FileError {
  return new FileError({
    code: "file/foreign-link",
    problem: `Cannot write to "${path}": a ${what} of another user is there, in a directory where everybody may make one`,
    where: place,
    remedy: "write to a directory of your own",
  });
}
