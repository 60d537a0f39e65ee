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
import { dirname, join } from "node:path";
import * as v from "valibot";
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

/** Makes a working copy of `base` in `folder`, which is not there yet. */
export function linkTree(
  base: string,
  contents: TreeContents,
  { folder, generated }: { readonly folder: string; readonly generated: "linked" | "copied" },
): void {
  mkdirSync(folder);
  for (const path of contents.folders) mkdirSync(join(folder, path));
  for (const path of contents.sources) linkSync(join(base, path), join(folder, path));
  if (generated === "copied") copyWithTimes(base, contents.generated, folder);
  else for (const path of contents.generated) linkSync(join(base, path), join(folder, path));
}

/** Replaces a file of a working copy without writing into the file that it is linked to. */
export function replaceFile(place: string, content: string | undefined): void {
  const mode = statSync(place, { throwIfNoEntry: false })?.mode;
  rmSync(place, { force: true });
  if (content === undefined) return;
  mkdirSync(dirname(place), { recursive: true });
  // A script that runs stays one.
  writeFileSync(place, content, { encoding: "latin1", ...(mode === undefined ? {} : { mode }) });
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
