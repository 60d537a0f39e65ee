// The patched side: a working copy with the patch in it, generated headers made again where the patch
// reaches them, and the objects that make would build now.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { PatchedFile } from "../source-patch/apply-patch.ts";
import { findCandidates } from "../xen-make/affected.ts";
import { type Base, runMakeOn } from "../xen-make/base.ts";
import { type CompileUnit, type Listing, parseListing } from "../xen-make/listing.ts";
import type { MakeRun } from "../xen-make/make-run.ts";
import { LIST_GOAL, PREPARE_GOAL } from "../xen-make/recipe.ts";
import { linkTree, replaceFile } from "../xen-make/scratch-tree.ts";

export interface After {
  readonly listing: Listing;
  /** Below `xen/`: headers that are generated differently now. */
  readonly regenerated: readonly string[];
}

export interface PatchedTree extends After {
  /** The working copy. */
  readonly tree: string;
}

/** Objects that may differ from those of the unpatched source. */
export interface Affected {
  /** On both sides. */
  readonly units: readonly CompileUnit[];
  /** After the patch only. */
  readonly added: readonly CompileUnit[];
  /** Below `xen/`: code that the patch changes, and headers that are generated differently. */
  readonly changedFiles: readonly string[];
  /** Whether existing objects are made otherwise. */
  readonly changedRules: boolean;
}

/** A working copy with the patched files in it. @throws BuildError */
export async function makePatchedTree(
  tree: string,
  base: Base,
  files: ReadonlyMap<string, PatchedFile>,
  run: MakeRun,
): Promise<PatchedTree> {
  run.timings.measure("link", () => linkPatched(tree, base, files));
  const after = await run.timings.measureAsync("regenerate", () =>
    regenerate(base, tree, files, run),
  );
  return { tree, ...after };
}

export function linkPatched(
  tree: string,
  base: Base,
  files: ReadonlyMap<string, PatchedFile>,
): void {
  const generated = mayReachGenerated(base, files) ? "copied" : "linked";
  linkTree(base.tree, base.contents, { folder: tree, generated });
  writePatched(tree, files);
}

/** @param changedCode files that the patch changes, below `xen/` */
export async function findAffected(
  base: Base,
  { listing, regenerated }: After,
  changedCode: readonly string[],
  run: MakeRun,
): Promise<Affected> {
  const { added, changed } = compareListings(base.listing, listing);
  const changedFiles = [...changedCode, ...regenerated];
  const units = await run.timings.measureAsync("dependencies", () =>
    findCandidates(base, changedFiles, run),
  );
  return { units, added, changedFiles, changedRules: changed.length > 0 };
}

/** Writes the patched files, below `tree`. */
export function writePatched(tree: string, files: ReadonlyMap<string, PatchedFile>): void {
  for (const [path, { after }] of files) replaceFile(join(tree, path), after);
}

/** Sources of objects are not what headers are generated from; everything else may be. */
export function mayReachGenerated(base: Base, files: ReadonlyMap<string, PatchedFile>): boolean {
  const { units, embedded } = base.listing;
  const compiles = [...units.flatMap((unit) => unit.compiles), ...embedded];
  const sources = new Set(compiles.map(({ source }) => `xen/${source}`));
  return [...files.keys()].some((path) => !sources.has(path) && path.startsWith("xen/"));
}

/** @throws BuildError */
export async function regenerate(
  base: Base,
  tree: string,
  files: ReadonlyMap<string, PatchedFile>,
  { tools, jobs, signal, onProgress }: MakeRun,
): Promise<After> {
  let regenerated: readonly string[] = [];
  if (mayReachGenerated(base, files)) {
    onProgress("generating headers of the patched source");
    await runMakeOn(tree, [PREPARE_GOAL], { tools, jobs, signal, side: "patched" });
    regenerated = base.contents.generated
      .filter((path) => path.startsWith("xen/") && path.endsWith(".h"))
      .filter((path) => !readFileSync(join(base.tree, path)).equals(readFileSync(join(tree, path))))
      .map((path) => path.slice("xen/".length));
  }
  if (!mayChangeListing(files)) return { listing: base.listing, regenerated };
  onProgress("asking Xen's make files for the commands of the patched build");
  const run = { tools, flags: ["--dry-run"], jobs: 1, signal, side: "patched" } as const;
  const { stdout } = await runMakeOn(tree, [LIST_GOAL], run);
  return { listing: parseListing(stdout, tools.compiler, base.listing.aliases), regenerated };
}

/** Units with no counterpart of the same commands on the other side. */
function compareListings(
  before: Listing,
  after: Listing,
): { readonly added: readonly CompileUnit[]; readonly changed: readonly CompileUnit[] } {
  const known = new Map(before.units.map((unit) => [unit.object, JSON.stringify(unit)]));
  const isKnown = (unit: CompileUnit) => known.has(unit.object);
  const kept = new Set(after.units.map(({ object }) => object));
  return {
    added: after.units.filter((unit) => !isKnown(unit)),
    changed: [
      ...after.units.filter(
        (unit) => isKnown(unit) && known.get(unit.object) !== JSON.stringify(unit),
      ),
      ...before.units.filter(({ object }) => !kept.has(object)),
    ],
  };
}

export function mayChangeListing(files: ReadonlyMap<string, PatchedFile>): boolean {
  return [...files].some(
    ([path, { before, after }]) =>
      /(^|\/)(Makefile(\.\w+)?|\w+\.mk)$/.test(path) ||
      (/\.[cS]$/.test(path) && (before === undefined || after === undefined)),
  );
}
