// Objects of the source with the patches of the payloads below in it, level by level: what the new
// payload is to be stacked on. Patches of both sides are the lowest level, and have no payload. An object that a level does not reach is the one of the level under it. Made
// objects are kept with their base, under a key of all that the levels changed, so that each is
// compiled once.

import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { readKept } from "../files/read-kept.ts";
import { writeWhole } from "../files/write-whole.ts";
import type { PatchedFile } from "../source-patch/apply-patch.ts";
import type { Base } from "../xen-make/base.ts";
import { type CompileUnit, listingSchema } from "../xen-make/listing.ts";
import type { MakeRun } from "../xen-make/make-run.ts";
import { findObject, keepObject, type MadeObject } from "../xen-make/objects/kept-objects.ts";
import { takeObject } from "../xen-make/objects/make-objects.ts";
import { asksForOwnHeaders, textsOfOwnHeaders } from "../xen-make/own-headers.ts";
import {
  type After,
  linkPatched,
  mayChangeListing,
  mayReachGenerated,
  regenerate,
} from "./after.ts";
import type { SourceLevel } from "./apply.ts";
import { compilePatched } from "./compile.ts";
import { neutralizeFiles } from "./lines.ts";
import type { ObjectPair } from "./object-pair.ts";

export interface LevelsRequest {
  readonly base: Base;
  /** The lowest first; of each, only the files that are carried. */
  readonly levels: readonly SourceLevel[];
  /** Of how many of them no payload is: what they make is what lies below all payloads. */
  readonly pristineLevels: number;
  /** Directory for working copies. */
  readonly work: string;
  /** By the path below the source directory. */
  readonly isCode: (path: string) => boolean;
}

/**
 * The same pairs, before the fix as the topmost level has them.
 * @throws BuildError build/make-failed when a level does not compile
 */
export async function pairWithLevels(
  pairs: readonly ObjectPair[],
  request: LevelsRequest,
  run: MakeRun,
): Promise<readonly ObjectPair[]> {
  const { base, levels, pristineLevels, work } = request;
  if (levels.length === 0 || pairs.length === 0) return pairs;
  const objects = pairs.map(({ object }) => object);
  const made = new Map(objects.map((name) => [name, [findObject(base.folder, name)]]));
  for (const [index, level] of levels.entries()) {
    const tree = new LevelTree(base, level, join(work, `level-${index + 1}`), run);
    const below = (name: string) => made.get(name)?.at(-1);
    const own = await compileLevel({ ...request, objects, level, tree }, below, run);
    for (const [name, all] of made) all.push(own.get(name));
  }
  return pairs.map((pair) => {
    const found = (made.get(pair.object) ?? []).slice(pristineLevels);
    const all = found.map((object) => object?.bytes);
    return { ...pair, before: all.at(-1), levels: all };
  });
}

interface LevelRequest extends Pick<LevelsRequest, "base" | "isCode"> {
  /** By name, below `xen/`. */
  readonly objects: readonly string[];
  readonly level: SourceLevel;
  readonly tree: LevelTree;
}

async function compileLevel(
  request: LevelRequest,
  below: (object: string) => MadeObject | undefined,
  run: MakeRun,
): Promise<ReadonlyMap<string, MadeObject | undefined>> {
  const { base, level, objects, isCode } = request;
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
    run.onProgress(`compiling ${count} with the patches of the payloads below`);
    await run.timings.measureAsync("compile below", () =>
      compileMissing(request, folder, missing, run),
    );
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
  { base, level: { files }, tree }: LevelRequest,
  folder: string,
  units: readonly CompileUnit[],
  run: MakeRun,
): Promise<void> {
  await tree.make();
  const neutral = neutralizeFiles(tree.folder, files);
  const what = "the source with the patches of the payloads below";
  const { failure } = await compilePatched(
    { tree: tree.folder, files, units, neutral },
    { code: "build/make-failed", what },
    run,
  );
  if (failure !== undefined) throw failure;
  for (const unit of units) {
    keepObject(folder, unit.object, takeObject(tree.folder, unit, base.listing.aliases));
  }
}

/** Of level.json. The listing is left out where it is that of the base. */
const afterSchema = v.object({
  regenerated: v.array(v.string()),
  listing: v.optional(listingSchema),
});

/** What make generates differently, and which objects it would make; asked once for each level. */
async function openAfter({ base, level, tree }: LevelRequest, folder: string): Promise<After> {
  if (!mayReachGenerated(base, level.files) && !mayChangeListing(level.files)) {
    return { listing: base.listing, regenerated: [] };
  }
  const place = join(folder, "level.json");
  const known = readKept(place, afterSchema);
  if (known !== undefined) return { ...known, listing: known.listing ?? base.listing };
  const { listing, regenerated } = await tree.make();
  const own = listing === base.listing ? undefined : listing;
  mkdirSync(folder, { recursive: true });
  writeWhole(place, JSON.stringify({ regenerated, listing: own }));
  return { listing, regenerated };
}

/** The working copy of a level, with its headers generated; made when it is first asked for. */
class LevelTree {
  readonly folder: string;
  readonly #base: Base;
  readonly #level: SourceLevel;
  readonly #run: MakeRun;
  #made: Promise<After> | undefined;

  constructor(base: Base, level: SourceLevel, folder: string, run: MakeRun) {
    this.folder = folder;
    this.#base = base;
    this.#level = level;
    this.#run = run;
  }

  make(): Promise<After> {
    this.#made ??= this.#make();
    return this.#made;
  }

  async #make(): Promise<After> {
    const { files } = this.#level;
    const { timings } = this.#run;
    timings.measure("link below", () => linkPatched(this.folder, this.#base, files));
    return timings.measureAsync("regenerate below", () =>
      regenerate(this.#base, this.folder, files, this.#run),
    );
  }
}

function keyOf(files: ReadonlyMap<string, PatchedFile>): string {
  const texts = [...files].map(([path, { after }]) => [path, after ?? null]);
  const asks = [...files.values()].some(({ after }) => asksForOwnHeaders(after));
  const headers = asks ? textsOfOwnHeaders() : [];
  return createHash("sha256")
    .update(JSON.stringify([...texts.sort(), ...headers]))
    .digest("hex")
    .slice(0, 32);
}

function belowXen(path: string): string {
  return path.replace(/^xen\//, "");
}
