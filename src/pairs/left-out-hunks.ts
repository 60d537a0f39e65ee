// Finds hunks that the compiler does not see, because they are between #if and #endif that this
// configuration excludes. The preprocessor is run on the unpatched source: a branch is excluded when
// none of its lines is in the output for any object. If the patch changes directives itself, or too
// many objects use a file, no result is given.

import type { PatchedFile } from "../source-patch/apply-patch.ts";
import type { FileEntry } from "../source-patch/hunk-ledger.ts";
import { type FilePatch, pathOf } from "../source-patch/patch-file.ts";
import {
  branchesAround,
  changedLines,
  isCodeLine,
  withoutComments,
} from "../source-patch/preprocessor-branches.ts";
import type { Base } from "../xen-make/base.ts";
import { askCompiler } from "../xen-make/dependencies.ts";
import { type Listing, normalizePath } from "../xen-make/listing.ts";
import type { MakeRun } from "../xen-make/make-run.ts";

export interface LeftOutRequest {
  readonly base: Pick<Base, "tree" | "listing">;
  readonly patches: readonly FilePatch[];
  /** By path below the source directory. */
  readonly files: ReadonlyMap<string, PatchedFile>;
  readonly run: Pick<MakeRun, "tools" | "signal">;
}

/** For more objects, preprocessing would take longer than compiling. */
const OBJECTS_MAX = 12;

/** The same ledger of `patches`, which says of hunks that they are not in this configuration. */
export async function markLeftOut(
  ledger: readonly FileEntry[],
  request: LeftOutRequest,
): Promise<readonly FileEntry[]> {
  const { patches } = request;
  const changesDirectives = patches.some(({ hunks }) =>
    hunks.some(({ content }) => content.lines.some((line) => /^[-+]\s*(#|%:)/.test(line))),
  );
  if (changesDirectives) return ledger;
  const marked: FileEntry[] = [];
  for (const [index, entry] of ledger.entries()) {
    const patch = patches[index];
    const isOnly = patches.filter((other) => pathOf(other) === entry.file).length === 1;
    const { outcome } = entry;
    marked.push(
      patch === undefined || !isOnly || outcome.kind !== "compiled"
        ? entry
        : await markEntry(entry, patch, { ...request, objects: outcome.objects }),
    );
  }
  return marked;
}

async function markEntry(
  entry: FileEntry,
  patch: FilePatch,
  request: LeftOutRequest & { readonly objects: readonly string[] },
): Promise<FileEntry> {
  const text = request.files.get(entry.file)?.before;
  if (text === undefined || request.objects.length > OBJECTS_MAX) return entry;
  const places = patch.hunks.map((hunk) => changedLines(hunk, text.split("\n")));
  const lines = withoutComments(text);
  const isInBranch = (place: readonly number[] | undefined): boolean =>
    place?.every((line) => branchesAround(lines, line).length > 0) ?? false;
  if (!places.some(isInBranch)) return entry;
  const reached = await reachedLines(entry.file.replace(/^xen\//, ""), request);
  if (reached === undefined) return entry;
  const isLeftOut = (line: number): boolean =>
    branchesAround(lines, line).some(({ first, last }) => {
      const own = Array.from({ length: last - first + 1 }, (_, at) => first + at);
      const code = own.filter((number) => isCodeLine(lines, number));
      return code.length > 0 && !code.some((number) => reached.has(number));
    });
  const leftOut = entry.hunks.filter((_, at) => places[at]?.every(isLeftOut) ?? false);
  if (leftOut.length === 0) return entry;
  if (leftOut.length < entry.hunks.length) return { ...entry, leftOut };
  const reason = "the preprocessor leaves out all lines that it changes";
  return { ...entry, outcome: { kind: "not-in-configuration", reason } };
}

/**
 * Of a file below `xen/`: its lines that come through the preprocessor in one of the objects.
 * `undefined` when the compiler cannot be asked.
 */
async function reachedLines(
  file: string,
  { base, run, objects }: LeftOutRequest & { readonly objects: readonly string[] },
): Promise<ReadonlySet<number> | undefined> {
  const reached = new Set<number>();
  const { units, aliases } = base.listing;
  const compiles = units
    .filter(({ object }) => objects.includes(object))
    .flatMap((unit) => unit.compiles);
  for (const compile of compiles) {
    const question = { tree: base.tree, questions: ["-E"], signal: run.signal };
    const { exitCode, stdout } = await askCompiler(run.tools, compile, question);
    if (exitCode !== 0) return undefined;
    addReached(stdout, file, aliases, reached);
  }
  return reached;
}

/** By the line markers of the preprocessor: `# 12 "common/kernel.c" 2`. */
function addReached(
  output: string,
  file: string,
  aliases: Listing["aliases"],
  reached: Set<number>,
): void {
  let [line, isOwn] = [0, false];
  for (const text of output.split("\n")) {
    const [, number, path] = /^# (\d+) "([^"]*)"/.exec(text) ?? [];
    if (number !== undefined && path !== undefined) {
      line = Number(number);
      isOwn = normalizePath(path, aliases) === file;
      continue;
    }
    if (isOwn && text.trim() !== "") reached.add(line);
    line++;
  }
}
