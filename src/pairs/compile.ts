// Compiles the objects of both sides at the same time: those before the patch once for each base,
// those after it in their working copy.

import { join } from "node:path";
import type { BuildError } from "../build-outcome/build-error.ts";
import type { PatchedFile } from "../source-patch/apply-patch.ts";
import type { Base } from "../xen-make/base.ts";
import type { CompileUnit } from "../xen-make/listing.ts";
import type { MakeRun } from "../xen-make/make-run.ts";
import {
  linkForCompilers,
  makeWhole,
  suitsCompilerCopy,
} from "../xen-make/objects/compiler-copy.ts";
import { findObject, keepObject, type MadeObject } from "../xen-make/objects/kept-objects.ts";
import { makeObjects, takeObject } from "../xen-make/objects/make-objects.ts";
import { linkTree } from "../xen-make/scratch-tree.ts";
import { type Affected, type PatchedTree, writePatched } from "./after.ts";
import { compileError, type SourceInWords } from "./compile-error.ts";
import type { HookUnit } from "./hook-files.ts";
import type { NeutralFiles } from "./lines.ts";
import type { ObjectPair } from "./object-pair.ts";

export interface SidesRequest {
  readonly base: Base;
  /** Directory for working copies. */
  readonly work: string;
  readonly affected: Affected;
  readonly after: PatchedTree;
  /** In the working copy of the patched side. */
  readonly hookUnits: readonly HookUnit[];
  /** As the patch has them, by their paths below the source directory. */
  readonly files: ReadonlyMap<string, PatchedFile>;
  readonly neutral: NeutralFiles;
  /** Called when make has started. */
  readonly meanwhile: (() => void) | undefined;
}

export interface CompiledSides {
  readonly pairs: readonly ObjectPair[];
  readonly wasNeutral: boolean;
  /** The compiler refuses the patched source; then there are no pairs. */
  readonly failure: BuildError | undefined;
}

/** @throws BuildError build/make-failed when the unpatched source does not compile */
export async function compileSides(request: SidesRequest, run: MakeRun): Promise<CompiledSides> {
  const { base, work, affected, after, hookUnits, files, neutral, meanwhile } = request;
  const { units, added } = affected;
  const known = findUnpatched(base, units);
  const missing = units.filter(({ object }) => !known.has(object));
  const patchedUnits = [...units, ...added, ...hookUnits.map(({ unit }) => unit)];
  const count = missing.length + patchedUnits.length;
  if (count === 0) return { pairs: [], wasNeutral: true, failure: undefined };
  run.onProgress(`compiling ${count} object${count === 1 ? "" : "s"}`);
  if (missing.length >= WORTH_PREPARING) {
    run.onProgress(
      `${missing.length} of them are unpatched: "xsplice prepare" compiles those in advance`,
    );
  }
  const both = missing.length > 0 && run.jobs > 1;
  const shared = { ...run, jobs: both ? Math.ceil(run.jobs / 2) : run.jobs };
  const { tree, beforeMake } = after;
  const patched = { tree, beforeMake, files, units: patchedUnits, neutral };
  const [others, made] = await run.timings.measureAsync("compile", async () => {
    const first = both ? undefined : await compileBefore({ base, work, missing }, shared);
    // First the side whose working copy is ready: make runs while the other one is linked.
    const fixed = compilePatched(patched, hookUnits.length > 0 ? withHooks : ofPatch, shared);
    const other = both ? compileBefore({ base, work, missing }, shared) : undefined;
    meanwhile?.();
    return await settleBoth(other ?? Promise.resolve(first ?? new Map()), fixed);
  });
  if (made.failure !== undefined) return { pairs: [], ...made };
  const pairs = run.timings.measure("collect", () => [
    ...collectPairs(new Map([...known, ...others]), affected, after),
    ...hookUnits.map((one) => pairOfHooks(one, after)),
  ]);
  return { pairs, ...made };
}

/** So many unpatched objects take longer than a person likes to wait. */
const WORTH_PREPARING = 50;

/** Waits for both even when one fails, so that no process continues in a removed directory. */
async function settleBoth<One, Other>(
  one: Promise<One>,
  other: Promise<Other>,
): Promise<readonly [One, Other]> {
  await Promise.allSettled([one, other]);
  return Promise.all([one, other]);
}

export interface BeforeRequest {
  readonly base: Base;
  /** Directory for working copies. */
  readonly work: string;
  /** Objects that the base does not have yet. */
  readonly missing: readonly CompileUnit[];
}

/** By their names. */
type MadeObjects = ReadonlyMap<string, MadeObject>;

/** Those that are kept with the base. */
function findUnpatched({ folder }: Base, units: readonly CompileUnit[]): MadeObjects {
  const found = new Map<string, MadeObject>();
  for (const { object } of units) {
    const made = findObject(folder, object);
    if (made !== undefined) found.set(object, made);
  }
  return found;
}

/** Compiles objects of the unpatched source, and stores them. @throws BuildError build/make-failed */
export async function compileBefore(
  { base, work, missing }: BeforeRequest,
  run: MakeRun,
): Promise<MadeObjects> {
  if (missing.length === 0) return new Map();
  return makeBefore(base, linkBefore(base, work, missing), missing, run);
}

/** A working copy of the unpatched source. */
interface UnpatchedTree {
  readonly tree: string;
  /** Before make may run there. */
  readonly beforeMake: (() => void) | undefined;
}

/** For these units, in the directory `work`. */
export function linkBefore(
  { tree: base, contents }: Base,
  work: string,
  units: readonly CompileUnit[],
): UnpatchedTree {
  const tree = join(work, "before");
  if (suitsCompilerCopy(units)) {
    linkForCompilers(base, contents, { folder: tree, units });
    return { tree, beforeMake: () => makeWhole(base, contents, tree) };
  }
  linkTree(base, contents, { folder: tree, generated: "linked" });
  return { tree, beforeMake: undefined };
}

/** Compiles and stores some of its objects. @throws BuildError build/make-failed */
export async function makeBefore(
  base: Base,
  { tree, beforeMake }: UnpatchedTree,
  units: readonly CompileUnit[],
  { tools, jobs, signal }: MakeRun,
): Promise<MadeObjects> {
  const result = await makeObjects({ tree, units, tools, jobs, signal, beforeMake });
  if (result.exitCode !== 0)
    throw compileError({ code: "build/make-failed", what: "the unpatched source" }, result, tools);
  const made = new Map<string, MadeObject>();
  for (const unit of units) {
    const object = takeObject(tree, unit, base.listing.aliases);
    keepObject(base.folder, unit.object, object);
    made.set(unit.object, object);
  }
  return made;
}

interface PatchedRequest {
  /** A working copy in which `neutral` lie. */
  readonly tree: string;
  /** Before make may run there. */
  readonly beforeMake?: (() => void) | undefined;
  readonly files: ReadonlyMap<string, PatchedFile>;
  readonly units: readonly CompileUnit[];
  readonly neutral: NeutralFiles;
}

const ofPatch: SourceInWords = { code: "build/compile-failed", what: "the patched source" };
const withHooks: SourceInWords = { ...ofPatch, what: "the patched source with the hooks" };

/** In a working copy that is line-neutral; once more as the patch has it when that does not compile. */
export async function compilePatched(
  { tree, beforeMake, files, units, neutral: { treated } }: PatchedRequest,
  { code, what }: SourceInWords,
  { tools, jobs, signal }: MakeRun,
): Promise<Omit<CompiledSides, "pairs">> {
  const make = () => makeObjects({ tree, units, tools, jobs, signal, beforeMake });
  const first = await make();
  if (first.exitCode === 0) return { wasNeutral: true, failure: undefined };
  const isNeutral = [...treated.values()].some(({ kind }) => kind === "neutral");
  if (isNeutral) writePatched(tree, files);
  const plain = isNeutral ? await make() : first;
  const failed = plain.exitCode !== 0;
  const failure = failed ? compileError({ code, what }, plain, tools) : undefined;
  return { wasNeutral: false, failure };
}

function collectPairs(
  unpatched: MadeObjects,
  { units, added, changedFiles }: Affected,
  { tree, listing }: PatchedTree,
): ObjectPair[] {
  const changed = new Set(changedFiles);
  const isNew = new Set(added.map(({ object }) => object));
  return [...units, ...added].flatMap((unit) => {
    const after = takeObject(tree, unit, listing.aliases);
    const before = isNew.has(unit.object) ? undefined : unpatched.get(unit.object);
    const dependencies = unite(before, after);
    // A candidate by its text, but without the changed file among its dependencies.
    if (before !== undefined && !dependencies.some((file) => changed.has(file))) return [];
    const sources = unit.compiles.map(({ source }) => source);
    const { command, bytes } = after;
    const bytesBefore = before?.bytes;
    return {
      object: unit.object,
      sources,
      before: bytesBefore,
      levels: [bytesBefore],
      after: bytes,
      command,
      dependencies,
    };
  });
}

/** With nothing before it, as an object that the patch adds. */
function pairOfHooks({ unit, hookFile }: HookUnit, { tree, listing }: PatchedTree): ObjectPair {
  const { bytes, command, dependencies } = takeObject(tree, unit, listing.aliases);
  return {
    object: unit.object,
    sources: [hookFile],
    before: undefined,
    levels: [undefined],
    after: bytes,
    command,
    dependencies,
    hookFile,
  };
}

function unite(before: MadeObject | undefined, after: MadeObject): readonly string[] {
  return [...new Set([...(before?.dependencies ?? []), ...after.dependencies])].sort();
}
