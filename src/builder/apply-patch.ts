// Applies patches to the texts of files, exactly: a hunk may have moved, but each line of its
// context has to be there. The files themselves are not touched; what they become is given back.

import { applyPatch } from "diff";
import { BuildError } from "./make-errors.ts";
import type { FilePatch, Hunk } from "./patch-file.ts";

export interface PatchedFile {
  /** Before all patches; `undefined` when there was no such file. */
  readonly before: string | undefined;
  /** After all patches; `undefined` when they delete it. */
  readonly after: string | undefined;
}

/**
 * Applies in order; a file may be changed by several. `readText` gives a file of the source, or
 * `undefined` when there is none. Text is one byte a character (latin1), so that every file survives.
 * @throws BuildError build/patch-does-not-apply
 */
export function applyFilePatches(
  patches: readonly FilePatch[],
  readText: (path: string) => string | undefined,
): ReadonlyMap<string, PatchedFile> {
  const files = new Map<string, PatchedFile>();
  const fileAt = (path: string): PatchedFile => {
    const known = files.get(path);
    if (known !== undefined) return known;
    const text = readText(path);
    return { before: text, after: text };
  };
  for (const patch of patches) {
    if (patch.kind === "binary") continue;
    const { oldPath, newPath } = patch;
    const old = oldPath === undefined ? "" : requireText(patch, oldPath, fileAt(oldPath).after);
    if (oldPath === undefined && newPath !== undefined) requireAbsent(patch, newPath, fileAt);
    const after = applyHunks(patch, old);
    if (oldPath !== undefined && oldPath !== newPath && patch.kind !== "copy") {
      files.set(oldPath, { ...fileAt(oldPath), after: undefined });
    }
    if (newPath !== undefined) files.set(newPath, { ...fileAt(newPath), after });
  }
  return files;
}

function applyHunks(patch: FilePatch, text: string): string {
  let current = text;
  let moved = 0;
  for (const [index, hunk] of patch.hunks.entries()) {
    // One at a time, so that a failure has a place; later lines have moved by what earlier ones did.
    const content = { ...hunk.content, oldStart: hunk.content.oldStart + moved };
    const next = applyPatch(current, {
      oldFileName: patch.oldPath,
      newFileName: patch.newPath,
      oldHeader: undefined,
      newHeader: undefined,
      hunks: [content],
    });
    if (next === false) throw doesNotApply(patch, hunk, index, current, content.oldStart);
    current = next;
    moved += hunk.content.newLines - hunk.content.oldLines;
  }
  return current;
}

function requireText(patch: FilePatch, path: string, text: string | undefined): string {
  if (text !== undefined) return text;
  throw new BuildError({
    code: "build/patch-does-not-apply",
    problem: `Cannot apply patch "${patch.patch}": the source has no file "${path}"`,
    expected: "a patch against the source that is given",
    remedy: "check the release of the source, and whether the patch belongs to it",
  });
}

function requireAbsent(
  patch: FilePatch,
  path: string,
  fileAt: (path: string) => PatchedFile,
): void {
  if (fileAt(path).after === undefined) return;
  throw new BuildError({
    code: "build/patch-does-not-apply",
    problem: `Cannot apply patch "${patch.patch}": it makes a new file "${path}", which is there already`,
    remedy: "perhaps the source has this fix; check it, or leave the patch out",
  });
}

function doesNotApply(
  patch: FilePatch,
  hunk: Hunk,
  index: number,
  text: string,
  start: number,
): BuildError {
  const wanted = hunk.content.lines
    .filter((line) => /^[ -]/.test(line))
    .map((line) => line.slice(1));
  const found = text.split("\n").slice(start - 1, start - 1 + wanted.length);
  const first = wanted.findIndex((line, at) => line !== found[at]);
  const at = Math.max(first, 0);
  const isApplied = canReverse(hunk, text);
  return new BuildError({
    code: "build/patch-does-not-apply",
    problem: `Cannot apply patch "${patch.patch}" to "${patch.oldPath}": hunk ${index + 1} of ${patch.hunks.length} (${hunk.header}) does not fit`,
    where: `line ${start + at}: ${JSON.stringify(found[at] ?? "(end of the file)")}`,
    expected: JSON.stringify(wanted[at] ?? ""),
    remedy: isApplied
      ? "the source has this change already: leave the patch out, or give the source without it"
      : "bring the patch to the release of the source; lines are compared exactly, without fuzz",
  });
}

/** Whether the lines that the hunk would make are in the file. */
function canReverse(hunk: Hunk, text: string): boolean {
  const made = hunk.content.lines.filter((line) => /^[ +]/.test(line)).map((line) => line.slice(1));
  return `\n${text}`.includes(`\n${made.join("\n")}\n`);
}
