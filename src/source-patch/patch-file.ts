// Reads source patches: unified diffs as git, diff and quilt write them, several files in one, with
// new, deleted and renamed files. What leads to the files' names (`a/`, `xen-4.17/`) is found out by
// looking which of the names exist. Deliberately absent: the content of binary patches. Whatever else
// a file holds is words, or the file is refused (unread-lines.ts).

import { parsePatch, type StructuredPatch, type StructuredPatchHunk } from "diff";
import { BuildError } from "../build-outcome/build-error.ts";
import { isOfOtherFile, type PatchLine, requireAllRead, splitPatchLines } from "./unread-lines.ts";

export interface PatchInput {
  /** As the user named it. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Lines at each end of a hunk's context that may differ, as patch(1) counts them; none by default. */
  readonly fuzz?: number | undefined;
}

export interface FilePatch {
  /** The patch that it stands in. */
  readonly patch: string;
  /** Below the source directory; `undefined` for a new file. */
  readonly oldPath: string | undefined;
  /** Below the source directory; `undefined` for a deleted file. */
  readonly newPath: string | undefined;
  /** A copy leaves the old file where it is. */
  readonly kind: "change" | "create" | "delete" | "rename" | "copy" | "mode" | "binary";
  readonly hunks: readonly Hunk[];
  /** Of the patch. */
  readonly fuzz?: number | undefined;
}

export interface Hunk {
  /** `@@ -10,7 +10,8 @@`, for people. */
  readonly header: string;
  readonly content: StructuredPatchHunk;
}

const NOWHERE = "/dev/null";
/** Leading directories that are cut off at most, as `patch -p` would. */
const STRIP_MAX = 4;

/**
 * `exists` tells which paths below the source directory there are, before the first patch.
 * @throws BuildError build/bad-patch
 */
export function parsePatchFile(
  { name, bytes, fuzz }: PatchInput,
  exists: (path: string) => boolean,
): FilePatch[] {
  // One byte a character, as the files are read: whatever their encoding, lines compare exactly.
  const text = Buffer.from(bytes).toString("latin1");
  const structured = parse(name, text).filter((file) => file.hunks.length > 0 || file.isGit);
  if (structured.length === 0) {
    throw badPatch(name, "it does not change any file", "a unified diff, as git diff makes it");
  }
  const strip = findStrip(structured, exists);
  return structured.map((file) => ({
    ...toFilePatch(name, file, pathsOf(file, strip, exists)),
    fuzz,
  }));
}

/** The file that a change is about: where it is afterwards, or was before. */
export function pathOf({ oldPath, newPath }: FilePatch): string {
  return newPath ?? oldPath ?? "";
}

function parse(name: string, text: string): StructuredPatch[] {
  const lines = splitPatchLines(text);
  requireAllRead(name, lines);
  try {
    return parsePatch(asParserReads(lines));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw badPatch(name, "it is not a consistent unified diff", reason);
  }
}

/**
 * Mail signatures (`-- ` after the last hunk, as git format-patch writes it) look like removals, only
 * the short form of a binary change is known, and git's header without hunks would take the next file's
 * names for its own.
 */
function asParserReads(lines: readonly PatchLine[]): string {
  let header = "";
  return lines
    .flatMap((line) => {
      const { part, text } = line;
      if (part !== "outside") return [text];
      if (/^-- ?\r?$/.test(text)) return [];
      if (/^GIT binary patch\r?$/.test(text)) return ["Binary files differ"];
      const isOther = header !== "" && isOfOtherFile(header, lines, line);
      if (/^diff -/.test(text) || isOther) header = isOther ? "" : text;
      return isOther ? ["Index: of a file of its own", text] : [text];
    })
    .join("\n");
}

type Paths = Pick<FilePatch, "oldPath" | "newPath">;

function toFilePatch(patch: string, file: StructuredPatch, { oldPath, newPath }: Paths): FilePatch {
  for (const path of [oldPath, newPath]) {
    if (path?.split("/").includes("..")) {
      throw badPatch(patch, `it names a file outside of the source: "${path}"`, "paths without ..");
    }
  }
  if (oldPath === undefined && newPath === undefined) {
    throw badPatch(patch, "it has hunks without the name of a file", "lines --- and +++ before @@");
  }
  const hunks = file.hunks.map((content) => ({ header: headerOf(content), content }));
  return { patch, oldPath, newPath, kind: kindOf(file, oldPath, newPath), hunks };
}

function pathsOf(file: StructuredPatch, strip: number, exists: (path: string) => boolean): Paths {
  const oldName = relativePath(file.oldFileName, strip);
  const newName = relativePath(file.newFileName, strip);
  if (file.isRename || file.isCopy) return { oldPath: oldName, newPath: newName };
  const isThere = (name: string | undefined) => name !== undefined && exists(name);
  // A plain diff may name the old file `kernel.c.orig`: the one that is there is meant, as patch(1) does.
  const name = isThere(newName) ? newName : isThere(oldName) ? oldName : (newName ?? oldName);
  const [only] = file.hunks.length === 1 ? file.hunks : [];
  // The parser has moved the start of an empty range by one.
  const isFromNothing = only?.oldLines === 0 && only.oldStart <= 1;
  const isToNothing = only?.newLines === 0 && only.newStart <= 1;
  const isNew =
    file.isCreate ||
    file.oldFileName === NOWHERE ||
    (isFromNothing && (isAtNoTime(file.oldHeader) || !isThere(name)));
  // Without context, a hunk that removes the first lines of a file looks like one that removes all.
  const isGone =
    file.isDelete || file.newFileName === NOWHERE || (isToNothing && isAtNoTime(file.newHeader));
  return {
    oldPath: isNew ? undefined : name,
    newPath: isGone ? undefined : name,
  };
}

/** What diff -N writes for a file that is not there: the start of time, in the zone of its author. */
function isAtNoTime(header: string | undefined): boolean {
  return /^\s*(1970-01-01|1969-12-31)\b/.test(header ?? "");
}

function kindOf(
  file: StructuredPatch,
  oldPath: string | undefined,
  newPath: string | undefined,
): FilePatch["kind"] {
  if (file.isBinary) return "binary";
  if (oldPath === undefined) return "create";
  if (newPath === undefined) return "delete";
  if (file.isCopy) return "copy";
  // Only git knows of renames.
  if (file.isRename) return "rename";
  return file.hunks.length === 0 ? "mode" : "change";
}

/** How many leading directories to cut: with which the most files exist; the fewest of those. */
function findStrip(files: readonly StructuredPatch[], exists: (path: string) => boolean): number {
  const scores = Array.from({ length: STRIP_MAX + 1 }, (_, strip) => {
    const known = files.filter((file) =>
      [file.oldFileName, file.newFileName].some((name) => {
        const path = relativePath(name, strip);
        return path !== undefined && exists(path);
      }),
    );
    return known.length;
  });
  const best = Math.max(...scores);
  if (best > 0) return scores.indexOf(best);
  const isPrefixed = ({ isGit, oldFileName = "", newFileName = "" }: StructuredPatch) =>
    isGit === true || oldFileName.startsWith("a/") || newFileName.startsWith("b/");
  return files.some(isPrefixed) ? 1 : 0;
}

function relativePath(name: string | undefined, strip: number): string | undefined {
  if (name === undefined || name === NOWHERE) return undefined;
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  return parts.length > strip ? parts.slice(strip).join("/") : undefined;
}

/** As it stands in the patch: the parser has moved the start of an empty range by one. */
function headerOf({ oldStart, oldLines, newStart, newLines }: StructuredPatchHunk): string {
  const oldLine = oldLines === 0 ? oldStart - 1 : oldStart;
  const newLine = newLines === 0 ? newStart - 1 : newStart;
  return `@@ -${oldLine},${oldLines} +${newLine},${newLines} @@`;
}

function badPatch(name: string, problem: string, expected: string): BuildError {
  return new BuildError({
    code: "build/bad-patch",
    problem: `Cannot read patch "${name}": ${problem}`,
    expected,
  });
}
