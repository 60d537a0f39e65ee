// Runs unpacked programs with the libc that was unpacked with them, whatever this machine has: they are
// started through their own dynamic loader.

import { existsSync, lstatSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { LabError } from "./errors.ts";

const LOADERS = ["lib64/ld-linux-x86-64.so.2", "usr/lib64/ld-linux-x86-64.so.2"];
const LIBRARY_FOLDERS = [
  "lib/x86_64-linux-gnu",
  "usr/lib/x86_64-linux-gnu",
  "usr/lib/x86_64-linux-gnu/pulseaudio",
];

/** The words before a program's arguments. `seenFrom` is the path of `root` when it runs. */
export function withOwnLibraries(root: string, program: string, seenFrom = root): string[] {
  const loader = LOADERS.map((path) => findLoader(root, path)).find((path) => path !== undefined);
  if (loader === undefined) {
    throw new LabError({
      code: "lab/build-failed",
      problem: `Cannot run "${program}": its own dynamic loader was not unpacked`,
      where: root,
    });
  }
  const folders = LIBRARY_FOLDERS.filter((path) => existsSync(join(root, path)));
  return [
    join(seenFrom, loader),
    "--library-path",
    folders.map((path) => join(seenFrom, path)).join(":"),
    join(seenFrom, program),
  ];
}

/** Some releases have it as a link to an absolute path, which is relative to `root` here. */
function findLoader(root: string, path: string): string | undefined {
  const status = lstatSync(join(root, path), { throwIfNoEntry: false });
  if (!status?.isSymbolicLink()) return status && path;
  const target = readlinkSync(join(root, path));
  return target.startsWith("/") ? findLoader(root, target.slice(1)) : path;
}
