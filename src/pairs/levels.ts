// Objects of the source with the patches of the payloads below in it, level by level: what the new
// payload is to lie on. An object that a level does not reach is the one of the level under it. Made
// objects are kept with their base, under a key of all that the levels changed, so that each is
// compiled once.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PatchedFile } from "../source-patch/apply-patch.ts";
import type { Base } from "../xen-make/base.ts";
import type { CompileUnit, Listing } from "../xen-make/listing.ts";
import { takeObject } from "../xen-make/objects.ts";
import { findObject, keepObject, type MadeObject } from "../xen-make/scratch-objects.ts";
import { linkTree } from "../xen-make/scratch-tree.ts";
import type { Timings } from "../xen-make/timings.ts";
import type { MakeTools } from "../xen-make/tools.ts";
import {
  type After,
  mayChangeListing,
  mayReachGenerated,
  regenerate,
  writePatched,
} from "./after.ts";
import type { SourceLevel } from "./apply.ts";
import { compilePatched } from "./compile.ts";
import { neutralizeFiles } from "./lines.ts";

export interface LevelsRequest {
  readonly base: Base;
  /** The lowest first; of each, only the files that are carried. */
  readonly levels: readonly SourceLevel[];
  /** Objects by name, below `xen/`. */
  readonly objects: readonly string[];
  /** Folder for working copies. */
  readonly work: string;
  /** By the path below the source folder. */
  readonly isCode: (path: string) => boolean;
  readonly tools: MakeTools;
  readonly jobs: number;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (text: string) => void;
  readonly timings: Timings;
}

/**
 * By object, what it is in the source itself and in each level; `undefined` where there is none.
 * @throws BuildError build/make-failed when a level does not compile
 */
export async function compileLevels(
  request: LevelsRequest,
): Promise<ReadonlyMap<string, readonly (MadeObject | undefined)[]>> {
  const { base, levels, objects } = request;
  const made = new Map(objects.map((name) => [name, [findObject(base.folder, name)]]));
  for (const [index, level] of levels.entries()) {
    const tree = new LevelTree(request, level, join(request.work, `level-${index + 1}`));
    const below = (name: string) => made.get(name)?.at(-1);
    const own = await compileLevel({ ...request, level, tree }, below);
    for (const [name, all] of made) all.push(own.get(name));
  }
  return made;
}

interface LevelRequest extends LevelsRequest {
  readonly level: SourceLevel;
  readonly tree: LevelTree;
}

async function compileLevel(
  request: LevelRequest,
  below: (object: string) => MadeObject | undefined,
): Promise<ReadonlyMap<string, MadeObject | undefined>> {
  const { base, level, objects, isCode, timings, onProgress } = request;
  const folder = join(base.folder, "levels", keyOf(level.files));
  const { listing, regenerated } = await openAfter(request, folder);
  const changed = new Set([...[...level.changed].filter(isCode).map(belowXen), ...regenerated]);
  const units = new Map(listing.units.map((unit) => [unit.object, unit]));
  const isReached = ({ object }: CompileUnit) =>
    below(object)?.dependencies.some((file) => changed.has(file)) ?? true;
  const wanted = objects.flatMap((name) => units.get(name) ?? []).filter(isReached);
  const missing = wanted.filter(({ object }) => findObject(folder, object) === undefined);
  if (missing.length > 0) {
    const count = `${missing.length} object${missing.length === 1 ? "" : "s"}`;
    onProgress(`compiling ${count} with the patches of the payloads below`);
    await timings.measureAsync("compile below", () => compileMissing(request, folder, missing));
  }
  const reached = new Set(wanted.map(({ object }) => object));
  return new Map(
    objects.map((name) => [
      name,
      reached.has(name) ? findObject(folder, name) : units.has(name) ? below(name) : undefined,
    ]),
  );
}

async function compileMissing(
  request: LevelRequest,
  folder: string,
  missing: readonly CompileUnit[],
): Promise<void> {
  const { base, level, tree } = request;
  await tree.make();
  const { treated } = neutralizeFiles(tree.folder, level.files);
  const restorePlain = () => writePatched(tree.folder, level.files);
  const what = "the source with the patches of the payloads below";
  const { failure } = await compilePatched(
    {
      ...request,
      tree: tree.folder,
      units: missing,
      added: [],
      neutral: treated,
      restorePlain,
    },
    { code: "build/make-failed", what },
  );
  if (failure !== undefined) throw failure;
  for (const unit of missing) {
    keepObject(folder, unit.object, takeObject(tree.folder, unit, base.listing.aliases));
  }
}

/** What make generates differently, and which objects it would make; asked once for each level. */
async function openAfter(request: LevelRequest, folder: string): Promise<After> {
  const { base, level, tree } = request;
  if (!mayReachGenerated(base, level.files) && !mayChangeListing(level.files)) {
    return { listing: base.listing, regenerated: [] };
  }
  const place = join(folder, "level.json");
  const known = readStamp(place, base.listing);
  if (known !== undefined) return known;
  const after = await tree.make();
  const listing = after.listing === base.listing ? undefined : after.listing;
  mkdirSync(folder, { recursive: true });
  const unfinished = `${place}.${process.pid}`;
  writeFileSync(unfinished, JSON.stringify({ ...after, listing }));
  renameSync(unfinished, place);
  return after;
}

/** Only openAfter() writes there; the listing is left out where it is that of the base. */
function readStamp(place: string, ofBase: Listing): After | undefined {
  try {
    return { listing: ofBase, ...JSON.parse(readFileSync(place, "utf8")) };
  } catch {
    return undefined; // Not made yet.
  }
}

/** The working copy of a level, with its headers generated; made when it is first asked for. */
class LevelTree {
  readonly folder: string;
  readonly #request: LevelsRequest;
  readonly #level: SourceLevel;
  #made: Promise<After> | undefined;

  constructor(request: LevelsRequest, level: SourceLevel, folder: string) {
    this.folder = folder;
    this.#request = request;
    this.#level = level;
  }

  make(): Promise<After> {
    this.#made ??= this.#make();
    return this.#made;
  }

  async #make(): Promise<After> {
    const { base, timings } = this.#request;
    const { files } = this.#level;
    timings.measure("link below", () => {
      const generated = mayReachGenerated(base, files) ? "copied" : "linked";
      linkTree(base.tree, base.contents, { folder: this.folder, generated });
      writePatched(this.folder, files);
    });
    return timings.measureAsync("regenerate below", () =>
      regenerate(base, this.folder, files, this.#request),
    );
  }
}

function keyOf(files: ReadonlyMap<string, PatchedFile>): string {
  const texts = [...files].map(([path, { after }]) => [path, after ?? null]);
  return createHash("sha256").update(JSON.stringify(texts.sort())).digest("hex").slice(0, 32);
}

function belowXen(path: string): string {
  return path.replace(/^xen\//, "");
}
