// Copies of a source tree. The first one has the files' contents; a working copy for one patch has
// hard links to them. What a build has made is copied where make is to make it again, since it writes
// into some of those files in place. Times stay, as make goes by them.

import { type ExecFileSyncOptions, execFileSync } from "node:child_process";
import {
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, normalize } from "node:path";
import * as v from "valibot";
import { BuildError } from "../build-outcome/build-error.ts";
import { type ClaimedFolder, claimFolder, removeAbandoned } from "../files/claimed-folder.ts";
import type { Described } from "../json/decode-json.ts";
import { runProcess } from "../parts/run-process.ts";
import type { SourceFile } from "./source-tree.ts";

export function writeSources(files: readonly SourceFile[], folder: string): void {
  const made = new Set<string>();
  for (const { path, content } of files) {
    const place = join(folder, path);
    makeFolder(dirname(place), made);
    if (content.kind === "link") symlinkSync(content.target, place);
    else writeFileSync(place, content.bytes, { mode: content.executable ? 0o755 : 0o644 });
  }
}

export const contentsSchema = v.object({
  folders: v.array(v.string()),
  sources: v.array(v.string()),
  /** Files and links that a build made. */
  generated: v.array(v.string()),
});
export type TreeContents = Described<typeof contentsSchema>;

/** All that lies below a scratch copy of `sources`, without directories that `skip` names. */
export function readTreeContents(
  folder: string,
  sources: ReadonlySet<string>,
  skip: RegExp,
): TreeContents {
  const contents = { folders: [] as string[], sources: [] as string[], generated: [] as string[] };
  const walk = (below: string): void => {
    for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      if (skip.test(path)) continue;
      if (entry.isDirectory()) {
        contents.folders.push(path);
        walk(path);
      } else if (sources.has(path)) contents.sources.push(path);
      else contents.generated.push(path);
    }
  };
  walk("");
  return contents;
}

/**
 * Some generated headers name themselves for the assembler, by the path that they were made at (Xen up to
 * 4.16, asm-macros.h). What make records of dependencies is left as it is: a path that is not there any
 * more makes it generate anew.
 */
export function nameFinalPlace(tree: string, { generated }: TreeContents, final: string): void {
  for (const path of generated) {
    const place = join(tree, path);
    if (!path.endsWith(".h") || !lstatSync(place).isFile()) continue;
    const text = readFileSync(place, "latin1");
    if (!text.includes(`${tree}/`)) continue;
    const { atime, mtime } = statSync(place);
    writeFileSync(place, text.replaceAll(`${tree}/`, `${final}/`), "latin1");
    utimesSync(place, atime, mtime);
  }
}

export interface WorkingCopy {
  readonly folder: string;
  readonly generated: "linked" | "copied";
  /** Copied for whom the base has to be safe from: what make runs there may write in place. */
  readonly sources?: "linked" | "copied";
}

/** Makes a working copy of `base` in `folder`, which is not there yet. */
export function linkTree(
  base: string,
  contents: TreeContents,
  { folder, generated, sources = "linked" }: WorkingCopy,
): void {
  mkdirSync(folder);
  for (const path of contents.folders) mkdirSync(join(folder, path));
  const bring = { linked: linkAll, copied: copyWithTimes };
  bring[sources](base, contents.sources, folder);
  bring[generated](base, contents.generated, folder);
}

function linkAll(base: string, paths: readonly string[], folder: string): void {
  for (const path of paths) linkSync(join(base, path), join(folder, path));
}

/**
 * Replaces a file of a working copy, without writing into the file that it is linked to, nor out of the
 * copy: make may have run there, by rules of the source and the patch.
 * @throws BuildError build/make-failed
 */
export function replaceFile(tree: string, path: string, content: string | undefined): void {
  requireNoLinkAbove(tree, path);
  const place = join(tree, path);
  const status = lstatSync(place, { throwIfNoEntry: false });
  rmSync(place, { force: true });
  if (content === undefined) return;
  mkdirSync(dirname(place), { recursive: true });
  // A script that runs stays one.
  const mode = status?.isFile() ? { mode: status.mode } : {};
  writeFileSync(place, content, { encoding: "latin1", flag: "wx", ...mode });
}

function requireNoLinkAbove(tree: string, path: string): void {
  if (isOutside(path)) throw notWritten(path, path);
  const folders = path.split("/").slice(0, -1);
  for (let count = 1; count <= folders.length; count++) {
    const folder = folders.slice(0, count).join("/");
    const status = lstatSync(join(tree, folder), { throwIfNoEntry: false });
    if (status?.isSymbolicLink()) throw notWritten(path, `the symbolic link ${folder}`);
  }
}

/** Of a path below a directory. */
export function isOutside(path: string): boolean {
  return /^(\/|\.\.(\/|$))/.test(normalize(path));
}

function notWritten(path: string, where: string): BuildError {
  return new BuildError({
    code: "build/make-failed",
    problem: `Cannot write "${path}" in a copy of the source: what Xen's make did there leads out of it`,
    where,
    expected: "a file in a directory of the copy",
  });
}

/** Below the directory of a base: where builds have their working copies. */
export const WORKING_COPIES = "work";

/** A directory for one build, in `parent`; those that nobody holds any more are removed first. */
export function makeWorkFolder(parent: string): ClaimedFolder {
  mkdirSync(parent, { recursive: true });
  removeAbandoned(parent, () => true);
  return claimFolder(parent, "build-");
}

/** By a process of its own, so that it goes on while this one works. Never rejects. */
export async function removeMeanwhile(work: ClaimedFolder): Promise<void> {
  try {
    await runProcess(["rm", "-rf", "--", ...work.contents()]);
    work[Symbol.dispose]();
  } catch {
    // What stays is nobody's now: the next build removes it.
  }
}

/** By cp: it keeps times to the nanosecond, which decide what make takes for old. */
function copyWithTimes(base: string, paths: readonly string[], folder: string): void {
  if (paths.length === 0) return;
  const options = ["--archive", "--parents", `--target-directory=${folder}`, "--"];
  // Away from the terminal's ^C, which this process hears as well, and ends by.
  const apart: ExecFileSyncOptions & { readonly detached: true } = { cwd: base, detached: true };
  execFileSync("cp", [...options, ...paths], apart);
}

function makeFolder(folder: string, made: Set<string>): void {
  if (made.has(folder)) return;
  mkdirSync(folder, { recursive: true });
  made.add(folder);
}
