// Which places of this machine a sandbox shows, all of them for reading only: what programs are loaded
// from, and where the compiler and the other tools lie if that is somewhere else.

import { lstatSync, readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, resolve, sep } from "node:path";

/** Directories of programs and libraries; those that a machine lacks are left out. */
const SYSTEM = [
  ...["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"],
  // Where Nix and Guix keep all programs.
  ...["/nix/store", "/gnu/store"],
];
/** Of /etc: what finds libraries and programs, and no more. */
const SETTINGS = ["/etc/alternatives", "/etc/ld.so.cache"];
const DEVICES = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/** Arguments of bubblewrap. `others` are further directories, such as those of parts. */
export function systemMounts(others: readonly string[]): readonly string[] {
  return [
    ...SYSTEM.flatMap(mountOf),
    ...SETTINGS.flatMap((path) => ["--ro-bind-try", path, path]),
    ...DEVICES.flatMap((path) => ["--dev-bind-try", path, path]),
    // Before the others, which may lie below it.
    ...["--tmpfs", "/tmp"],
    ...mountsOf(others),
  ];
}

/** Arguments of bubblewrap. */
export function mountsOf(folders: readonly string[]): readonly string[] {
  return folders.flatMap((path) => ["--ro-bind", path, path]);
}

function mountOf(path: string): readonly string[] {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) return [];
  return status.isSymbolicLink()
    ? ["--symlink", readlinkSync(path), path]
    : ["--ro-bind", path, path];
}

/**
 * Directories that a program needs and systemMounts() does not show: of its path, and of the file that
 * the path leads to. A compiler has its other half beside its `bin`.
 */
export function placesOf(program: string, home: string | undefined): readonly string[] {
  const path = resolve(program);
  return [path, realpathSync(path)].filter((file) => !isShown(file)).map(placeOf);

  function placeOf(file: string): string {
    const folder = dirname(file);
    const above = dirname(folder);
    const isOfTool = basename(folder) === "bin" && above !== "/" && !holdsHome(above);
    return isOfTool ? above : folder;
  }

  function holdsHome(folder: string): boolean {
    return home !== undefined && isBelow(resolve(home), folder);
  }
}

function isShown(file: string): boolean {
  return SYSTEM.some((folder) => isBelow(file, folder));
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);
}
