// A working copy for compilers alone, of a few C files: directories that none of them lies in are links to
// the base's own. A whole copy is thousands of hard links, for each side of a build, and as many to remove.
//
// A compiler names files by the words of includes, not by where links lead, so objects, debug information and
// dependencies are those of a whole copy; a test compares. Two things do not go: make, which would write
// through the links (makeWhole() comes first), and a changed file that another one includes, since
// LINK/../FILE is the base's.

import { linkSync, lstatSync, mkdirSync, symlinkSync, unlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Compile, fileOf } from "../listing/compile-command.ts";
import type { CompileUnit } from "../listing.ts";
import type { TreeContents } from "../scratch-tree.ts";

export interface CompilerCopy {
  readonly folder: string;
  readonly units: readonly CompileUnit[];
}

/** More files lie in more directories: then a whole copy is hardly more work. */
const UNITS_MAX = 16;

/** Whether compilers alone make all of them. */
export function suitsCompilerCopy(units: readonly CompileUnit[]): boolean {
  return (
    units.length <= UNITS_MAX &&
    units.every(({ compiles: [first] }) => first?.finishing !== undefined)
  );
}

/** Makes one of `base` in `folder`, which is not there yet. */
export function linkForCompilers(
  base: string,
  contents: TreeContents,
  { folder, units }: CompilerCopy,
): void {
  const own = foldersOf(units);
  mkdirSync(folder);
  for (const path of contents.folders) {
    if (own.has(path)) mkdirSync(join(folder, path));
    else if (own.has(dirname(path))) symlinkSync(join(base, path), join(folder, path));
  }
  linkFiles(base, contents, { folder, isWanted: (place) => own.has(place) });
}

/** The same directory as a whole working copy, with what was written there. */
export function makeWhole(base: string, contents: TreeContents, folder: string): void {
  const linked = new Set<string>();
  for (const path of contents.folders) {
    const place = join(folder, path);
    const status = lstatSync(place, { throwIfNoEntry: false });
    if (status?.isDirectory()) continue;
    if (status !== undefined) unlinkSync(place);
    mkdirSync(place);
    linked.add(path);
  }
  linkFiles(base, contents, { folder, isWanted: (place) => linked.has(place) });
}

interface LinkedFiles {
  readonly folder: string;
  /** By the directory. */
  readonly isWanted: (folder: string) => boolean;
}

function linkFiles(
  base: string,
  { sources, generated }: TreeContents,
  { folder, isWanted }: LinkedFiles,
): void {
  for (const path of [...sources, ...generated]) {
    if (isWanted(dirname(path))) linkSync(join(base, path), join(folder, path));
  }
}

/** Those in which compilers read the file itself, write, or start. "." is the top. */
function foldersOf(units: readonly CompileUnit[]): ReadonlySet<string> {
  const found = new Set<string>();
  const compiles = units.flatMap((unit) => unit.compiles);
  for (const path of compiles.flatMap(placesOf)) {
    let folder = path;
    for (; folder !== "."; folder = dirname(folder)) found.add(folder);
    found.add(folder);
  }
  return found;
}

function placesOf(compile: Compile): readonly string[] {
  const files = [compile.source, compile.object, fileOf(compile, "-o"), fileOf(compile, "-MF")];
  const folders = files.flatMap((file) => (file === undefined ? [] : dirname(join("xen", file))));
  return [...folders, join("xen", compile.folder ?? ".")];
}
