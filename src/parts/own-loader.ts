// The dynamic loader and the libraries that were unpacked with a part's programs: with them they run
// whatever libc this machine has.

import { existsSync, lstatSync, readlinkSync } from "node:fs";
import { join } from "node:path";

const LOADERS = ["lib64/ld-linux-x86-64.so.2", "usr/lib64/ld-linux-x86-64.so.2"];
const LIBRARY_FOLDERS = [
  "lib/x86_64-linux-gnu",
  "usr/lib/x86_64-linux-gnu",
  "usr/lib/x86_64-linux-gnu/pulseaudio",
];

/** Paths below the part's root. */
export interface OwnLoader {
  readonly loader: string;
  readonly libraries: readonly string[];
}

export function findOwnLoader(root: string): OwnLoader | undefined {
  const loader = LOADERS.map((path) => findLoader(root, path)).find((path) => path !== undefined);
  const libraries = LIBRARY_FOLDERS.filter((path) => existsSync(join(root, path)));
  return loader === undefined ? undefined : { loader, libraries };
}

/** Some releases have it as a link to an absolute path, which is relative to `root` here. */
function findLoader(root: string, path: string): string | undefined {
  const status = lstatSync(join(root, path), { throwIfNoEntry: false });
  if (!status?.isSymbolicLink()) return status && path;
  const target = readlinkSync(join(root, path));
  return target.startsWith("/") ? findLoader(root, target.slice(1)) : path;
}
