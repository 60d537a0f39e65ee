// Applies patches to the texts of files, exactly: a hunk may have moved, but each line of its context has
// to be there, unless the patch was given with fuzz (find-place.ts). The files themselves are not
// touched; what they become is given back.

import { BuildError } from "../build-outcome/build-error.ts";
import { type Expected, findPlace, fuzzNeeded, type Wanted } from "./find-place.ts";
import type { FilePatch, Hunk } from "./patch-file.ts";

export interface PatchedFile {
  /** Before all patches; `undefined` when there was no such file. */
  readonly before: string | undefined;
  /** After all patches; `undefined` when they delete it. */
  readonly after: string | undefined;
}

/** A hunk that was found at another line than it names, or with another context. */
export interface MovedHunk {
  readonly patch: FilePatch;
  readonly hunk: Hunk;
  /** Where it was found, less where it had to be; lower in the file is positive. */
  readonly lines: number;
  /** Of its first line that was compared, in the file as earlier hunks left it; counts from 1. */
  readonly line: number;
  /** How many more places it would fit. */
  readonly alternatives: number;
  /** Lines of its context that fuzz has ignored. */
  readonly ignored: { readonly before: number; readonly after: number };
}

/**
 * Applies in order; a file may be changed by several. `readText` gives a file of the source, or
 * `undefined` when there is none. Text is one byte a character (latin1), so that every file survives.
 * `onMoved` is told of each hunk that is not where it says.
 * @throws BuildError build/patch-does-not-apply
 */
export function applyFilePatches(
  patches: readonly FilePatch[],
  readText: (path: string) => string | undefined,
  onMoved: (moved: MovedHunk) => void = () => {},
): ReadonlyMap<string, PatchedFile> {
  const files = new Map<string, PatchedFile>();
  const fileAt = (path: string): PatchedFile => {
    const known = files.get(path);
    if (known !== undefined) return known;
    const text = readText(path);
    return { before: text, after: text };
  };
  for (const [index, patch] of patches.entries()) {
    if (patch.kind === "binary") continue;
    const { oldPath, newPath } = patch;
    const old = oldPath === undefined ? "" : requireText(patch, oldPath, fileAt(oldPath).after);
    if (oldPath === undefined && newPath !== undefined) requireAbsent(patch, newPath, fileAt);
    const after = applyHunks({ patch, onTopOf: findEarlier(patches, index) }, old, onMoved);
    if (oldPath !== undefined && oldPath !== newPath && patch.kind !== "copy") {
      files.set(oldPath, { ...fileAt(oldPath), after: undefined });
    }
    if (newPath !== undefined) files.set(newPath, { ...fileAt(newPath), after });
  }
  return files;
}

interface PatchInSeries {
  readonly patch: FilePatch;
  /** The last of the patches before it that changed the same file. */
  readonly onTopOf: string | undefined;
}

function findEarlier(patches: readonly FilePatch[], index: number): string | undefined {
  const { patch, oldPath } = patches[index] ?? {};
  return patches
    .slice(0, index)
    .findLast((earlier) => earlier.newPath === oldPath && earlier.patch !== patch)?.patch;
}

function applyHunks(
  series: PatchInSeries,
  text: string,
  onMoved: (moved: MovedHunk) => void,
): string {
  const { patch } = series;
  const lines = linesOf(text);
  let from = 0;
  // By how much later lines have moved: by what earlier hunks did, and by where they were found.
  let [grown, drift] = [0, 0];
  for (const hunk of patch.hunks) {
    const { wanted, made, context } = sidesOf(hunk, isDos(lines));
    const at = { from, expected: hunk.content.oldStart - 1 + grown, drift };
    const found = findPlace(lines, { lines: wanted, context }, at, patch.fuzz ?? 0);
    if (found === undefined) throw doesNotApply(series, hunk, lines, at);
    const { place, others, ignored } = found;
    const start = place + ignored.before;
    drift = place - at.expected;
    const own = made.slice(ignored.before, made.length - ignored.after);
    const ignoredLines = ignored.before + ignored.after;
    if (ignoredLines > 0 && isAround(lines, own, start)) {
      throw doesNotApply(series, hunk, lines, at, own);
    }
    if (drift !== 0 || ignoredLines > 0) {
      onMoved({ patch, hunk, lines: drift, line: start + 1, alternatives: others, ignored });
    }
    lines.splice(start, wanted.length - ignoredLines, ...own);
    from = start + own.length;
    grown += made.length - wanted.length;
  }
  return lines.join("");
}

/** What a hunk with too little context would put in a second time. */
function isAround(lines: readonly string[], made: readonly string[], start: number): boolean {
  for (let at = start - made.length + 1; at < start + made.length; at++) {
    if (made.every((line, index) => line === lines[at + index])) return true;
  }
  return false;
}

/** Each with its end, which the last one may lack. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function isDos(lines: readonly string[]): boolean {
  return lines.length > 0 && lines.every((line) => line.endsWith("\r\n"));
}

/** What a hunk replaces, and by what, with the ends of lines that the file has. */
function sidesOf(
  { content: { lines } }: Hunk,
  isDosFile: boolean,
): {
  readonly wanted: readonly string[];
  readonly made: readonly string[];
  readonly context: Wanted["context"];
} {
  // An empty line of context that has lost its blank.
  const texts = lines.map((line) => (line === "" ? " " : line));
  const isDosPatch = lines.every((line) => line === "" || /\r$|^\\/.test(line));
  const side = (marks: RegExp): string[] =>
    texts.flatMap((line, index) => {
      if (!marks.test(line)) return [];
      const bare = isDosPatch ? line.slice(1).replace(/\r$/, "") : line.slice(1);
      const end = isDosFile && (isDosPatch || !line.endsWith("\r")) ? "\r\n" : "\n";
      // "\ No newline at end of file" stands after the line that it speaks of.
      return lines[index + 1]?.startsWith("\\") ? bare : `${bare}${end}`;
    });
  const marks = texts.filter((line) => !line.startsWith("\\"));
  const isContext = (line: string) => line.startsWith(" ");
  const before = marks.findIndex((line) => !isContext(line));
  const after = marks.length - 1 - marks.findLastIndex((line) => !isContext(line));
  const context = before < 0 ? { before: 0, after: 0 } : { before, after };
  return { wanted: side(/^[ -]/), made: side(/^[ +]/), context };
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
  { patch, onTopOf }: PatchInSeries,
  hunk: Hunk,
  lines: readonly string[],
  at: Expected,
  applied?: readonly string[],
): BuildError {
  const { wanted, made, context } = sidesOf(hunk, isDos(lines));
  const present = applied ?? made;
  const start = at.expected;
  const first = wanted.findIndex((line, index) => line !== lines[start + index]);
  const offset = Math.max(first, 0);
  const shown = (line: string | undefined, otherwise: string) =>
    JSON.stringify(line?.replace(/\n$/, "") ?? otherwise);
  const isApplied = present.length > 0 && `\n${lines.join("")}`.includes(`\n${present.join("")}`);
  return new BuildError({
    code: "build/patch-does-not-apply",
    problem: `Cannot apply patch "${patch.patch}" to "${patch.oldPath}": hunk ${patch.hunks.indexOf(hunk) + 1} of ${patch.hunks.length} (${hunk.header}) does not fit`,
    where: `line ${start + offset + 1}: ${shown(lines[start + offset], "(end of the file)")}`,
    expected:
      wanted.length === 0
        ? "lines of context, since those before it were found elsewhere"
        : shown(wanted[offset], ""),
    remedy: isApplied
      ? "the source has this change already: leave the patch out, or give the source without it"
      : [
          onTopOf === undefined
            ? "bring the patch to the release of the source"
            : `make it on top of "${onTopOf}", which changes this file first`,
          fuzzRemedy(fuzzNeeded(lines, { lines: wanted, context }, at)),
        ].join("; "),
  });
}

function fuzzRemedy(needed: ReturnType<typeof fuzzNeeded>): string {
  if (needed === undefined) return "lines are compared exactly";
  const { fuzz, places, first } = needed;
  const ignored = `without ${fuzz} line${fuzz === 1 ? "" : "s"} at each end of its context`;
  if (places > 1) return `${ignored} it would fit at ${places} places, and nothing says which`;
  return `or, if line ${first + 1} is the right place, use --fuzz ${fuzz}: ${ignored} it fits there`;
}
