// Applies the patches of a build to the texts of the source: first those of the payloads below, level
// by level, then the fix itself. Nothing is written.

import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { BuildError } from "../build-outcome/build-error.ts";
import { applyFilePatches, type MovedHunk, type PatchedFile } from "../source-patch/apply-patch.ts";
import { type FilePatch, type PatchInput, parsePatchFile } from "../source-patch/patch-file.ts";
import type { SourceOutline } from "../xen-make/remembered-source.ts";
import { isHypervisorSource } from "../xen-make/source-tree.ts";
import { contributionsOf, type PatchContribution } from "./contributions.ts";

/** The source with the patches of one payload below, and of all payloads under that one. */
export interface SourceLevel {
  /** Compared with the source itself, by path. */
  readonly files: ReadonlyMap<string, PatchedFile>;
  /** Paths that the patches of this level name. */
  readonly changed: ReadonlySet<string>;
}

export interface AppliedPatches {
  /** Of the fix. */
  readonly patches: readonly FilePatch[];
  /** All changes of the fix and the levels, compared with the source itself. */
  readonly files: ReadonlyMap<string, PatchedFile>;
  /** Paths that the fix names. */
  readonly changed: ReadonlySet<string>;
  /** What each patch of the fix changed, in their order. */
  readonly contributions: readonly PatchContribution[];
  /** Hunks of the fix that were found at other lines than they say. */
  readonly moved: readonly MovedHunk[];
  /** The lowest first; empty when the payload is stacked on the hypervisor itself. */
  readonly levels: readonly SourceLevel[];
  /** How many of them, from below, are of no payload: patches of both sides. */
  readonly pristineLevels: number;
}

export interface ApplyRequest {
  /** Top directory of the source. */
  readonly folder: string;
  readonly source: Pick<SourceOutline, "paths" | "links">;
  /** Of both sides. */
  readonly pristine?: readonly PatchInput[];
  /** Of the payloads below, the lowest first. */
  readonly earlier: readonly (readonly PatchInput[])[];
  /** Of the fix. */
  readonly patches: readonly PatchInput[];
}

/** @throws BuildError build/bad-patch, build/patch-does-not-apply */
export function applyPatches(request: ApplyRequest): AppliedPatches {
  const { folder, source, pristine = [], earlier, patches } = request;
  const belowAll = pristine.length === 0 ? [] : [pristine];
  const known = new Set(source.paths);
  const readText = (path: string): string | undefined => {
    const place = join(folder, path);
    try {
      // A pipe would be waited for.
      return statSync(place).isFile() ? readFileSync(place, "latin1") : undefined;
    } catch {
      return undefined; // No such file, or a folder: the patch is refused where it needs one.
    }
  };
  const parsed: FilePatch[][] = [];
  let files: ReadonlyMap<string, PatchedFile> = new Map();
  const levels: SourceLevel[] = [];
  let moved: MovedHunk[] = [];
  for (const own of [...belowAll, ...earlier, patches]) {
    const exists = (path: string) => {
      const changed = files.get(path);
      if (changed !== undefined) return changed.after !== undefined;
      return known.has(path) || readText(path) !== undefined;
    };
    const named = own.flatMap((patch) => parsePatchFile(patch, exists));
    requireNoneBelow(source.links, named);
    parsed.push(named);
    // A source package may lack files outside of the hypervisor; the ledger names them nevertheless.
    moved = [];
    files = applyFilePatches(parsed.flat().filter(isOurs), readText, (one) => moved.push(one));
    levels.push({ files, changed: pathsOf(parsed.at(-1) ?? []) });
  }
  const fix = parsed.at(-1) ?? [];
  if (fix.length === 0) {
    throw new BuildError({
      code: "build/bad-patch",
      problem: "Cannot build a payload: no patch was given",
      expected: "at least one, by --patch or --series",
    });
  }
  const below = levels.at(-2)?.files ?? new Map<string, PatchedFile>();
  const textBelow = (path: string) => {
    const changed = below.get(path);
    return changed === undefined ? readText(path) : changed.after;
  };
  const contributions = contributionsOf(fix.filter(isOurs), textBelow);
  return {
    patches: fix,
    files,
    contributions,
    changed: pathsOf(fix),
    moved: moved.filter(({ patch }) => fix.includes(patch)),
    levels: levels.slice(0, -1),
    pristineLevels: belowAll.length,
  };
}

/** Without files that no object is made from, or that cannot be carried. */
export function carriedOnly(
  { files, changed, levels }: AppliedPatches,
  isCarried: (path: string) => boolean,
): Pick<AppliedPatches, "files" | "changed" | "levels"> {
  const cut = (all: ReadonlyMap<string, PatchedFile>) =>
    new Map([...all].filter(([path]) => isCarried(path)));
  return {
    files: cut(files),
    changed: new Set([...changed].filter(isCarried)),
    levels: levels.map((level) => ({ ...level, files: cut(level.files) })),
  };
}

/** A link may lead anywhere: what is below it is not the file that the patch names. */
function requireNoneBelow(links: readonly string[], patches: readonly FilePatch[]): void {
  for (const file of patches) {
    for (const path of namesOf(file)) {
      const link = links.find((link) => path.startsWith(`${link}/`));
      if (link === undefined) continue;
      throw new BuildError({
        code: "build/bad-patch",
        problem: `Cannot apply "${file.patch}": it names a file below a symbolic link of the source`,
        where: `${path}, below the link ${link}`,
        expected: "the file's own path",
      });
    }
  }
}

function isOurs(patch: FilePatch): boolean {
  return [...namesOf(patch)].some((path) => isHypervisorSource(path));
}

function pathsOf(patches: readonly FilePatch[]): ReadonlySet<string> {
  return new Set(patches.flatMap((patch) => [...namesOf(patch)]));
}

function namesOf({ oldPath, newPath }: FilePatch): readonly string[] {
  return [oldPath, newPath].filter((path) => path !== undefined);
}
