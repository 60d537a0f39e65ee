// Compiles the objects of both sides at the same time: those before the patch once for each base,
// those after it in their working copy.

import { join } from "node:path";
import { BuildError, requireSpace } from "../build-outcome/build-error.ts";
import type { Base } from "../xen-make/base.ts";
import type { CompileUnit, Listing } from "../xen-make/listing.ts";
import { makeObjects, takeObject } from "../xen-make/objects.ts";
import { errorsOf, type MakeResult } from "../xen-make/run.ts";
import { findObject, keepObject, type MadeObject } from "../xen-make/scratch-objects.ts";
import { linkTree } from "../xen-make/scratch-tree.ts";
import type { Timings } from "../xen-make/timings.ts";
import type { MakeTools } from "../xen-make/tools.ts";
import type { LineTreatment } from "./lines.ts";
import type { ObjectPair } from "./object-pair.ts";

export interface SidesRequest {
  readonly base: Base;
  /** Objects on both sides. */
  readonly units: readonly CompileUnit[];
  /** Objects after the patch only. */
  readonly added: readonly CompileUnit[];
  /** Folder for working copies. */
  readonly work: string;
  /** The patched one. */
  readonly tree: string;
  /** Below `xen/`. */
  readonly changedFiles: readonly string[];
  readonly aliases: Listing["aliases"];
  readonly neutral: ReadonlyMap<string, LineTreatment>;
  /** Writes the patched files as the patch has them. */
  readonly restorePlain: () => void;
  readonly tools: MakeTools;
  readonly jobs: number;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (text: string) => void;
  readonly timings: Timings;
  /** Called when make has begun. */
  readonly meanwhile?: (() => void) | undefined;
}

export interface CompiledSides {
  readonly pairs: readonly ObjectPair[];
  readonly wasNeutral: boolean;
  /** The compiler refuses the patched source; then there are no pairs. */
  readonly failure: BuildError | undefined;
}

/** @throws BuildError build/make-failed when the unpatched source does not compile */
export async function compileSides(request: SidesRequest): Promise<CompiledSides> {
  const { base, units, added, timings, onProgress } = request;
  const missing = units.filter(({ object }) => findObject(base.folder, object) === undefined);
  const count = missing.length + units.length + added.length;
  if (count === 0) return { pairs: [], wasNeutral: true, failure: undefined };
  onProgress(`compiling ${count} object${count === 1 ? "" : "s"}`);
  const both = missing.length > 0 && request.jobs > 1;
  const shared = { ...request, jobs: both ? Math.ceil(request.jobs / 2) : request.jobs };
  const [, after] = await timings.measureAsync("compile", async () => {
    if (!both) await compileBefore(shared, missing);
    // First the side whose working copy is there: make runs while the other one is linked.
    const fixed = compilePatched(shared, patched);
    const other = both ? compileBefore(shared, missing) : undefined;
    request.meanwhile?.();
    return await settleBoth(other, fixed);
  });
  if (after.failure !== undefined) return { pairs: [], ...after };
  return { pairs: timings.measure("collect", () => collectPairs(request)), ...after };
}

/** Waits for both even when one fails, so that nothing runs on in a folder that is removed. */
async function settleBoth<One, Other>(
  one: Promise<One> | undefined,
  other: Promise<Other>,
): Promise<readonly [One | undefined, Other]> {
  await Promise.allSettled([one, other]);
  return Promise.all([one, other]);
}

/** Objects of the unpatched source, and keeps them. @throws BuildError build/make-failed */
export async function compileBefore(
  request: Pick<SidesRequest, "base" | "work" | "tools" | "jobs" | "signal">,
  missing: readonly CompileUnit[],
): Promise<void> {
  if (missing.length === 0) return;
  const { base, work, tools, jobs, signal } = request;
  const tree = join(work, "before");
  linkTree(base.tree, base.contents, { folder: tree, generated: "linked" });
  const result = await makeObjects({ tree, units: missing, tools, jobs, signal });
  if (result.exitCode !== 0)
    throw compileError("build/make-failed", "the unpatched source", result);
  for (const unit of missing) {
    keepObject(base.folder, unit.object, takeObject(tree, unit, base.listing.aliases));
  }
}

type CompileCode = "build/make-failed" | "build/compile-failed";
const patched = { code: "build/compile-failed", what: "the patched source" } as const;

/** In a working copy that is line-neutral; once more as the patch has it when that does not compile. */
export async function compilePatched(
  request: Pick<
    SidesRequest,
    "tree" | "units" | "added" | "tools" | "jobs" | "signal" | "neutral" | "restorePlain"
  >,
  { code, what }: { readonly code: CompileCode; readonly what: string },
): Promise<{ readonly wasNeutral: boolean; readonly failure: BuildError | undefined }> {
  const { tree, units, added, tools, jobs, signal, neutral, restorePlain } = request;
  const make = () => makeObjects({ tree, units: [...units, ...added], tools, jobs, signal });
  const first = await make();
  if (first.exitCode === 0) return { wasNeutral: true, failure: undefined };
  requireSpace(errorsOf(first), tree);
  const isNeutral = [...neutral.values()].some(({ kind }) => kind === "neutral");
  if (isNeutral) restorePlain();
  const plain = isNeutral ? await make() : first;
  const failed = plain.exitCode !== 0;
  const failure = failed ? compileError(code, what, plain) : undefined;
  return { wasNeutral: false, failure };
}

function collectPairs(request: SidesRequest): ObjectPair[] {
  const { base, units, added, tree, changedFiles, aliases } = request;
  const changed = new Set(changedFiles);
  const isNew = new Set(added.map(({ object }) => object));
  return [...units, ...added].flatMap((unit) => {
    const after = takeObject(tree, unit, aliases);
    const before = isNew.has(unit.object) ? undefined : findObject(base.folder, unit.object);
    const dependencies = unite(before, after);
    // A candidate by its text that does not include the changed file after all.
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

function unite(before: MadeObject | undefined, after: MadeObject): readonly string[] {
  return [...new Set([...(before?.dependencies ?? []), ...after.dependencies])].sort();
}

function compileError(code: CompileCode, what: string, result: MakeResult): BuildError {
  return new BuildError({
    code,
    problem: `Cannot compile ${what}: Xen's make ended with ${result.exitCode}`,
    where: errorsOf(result),
    expected: "a source that compiles with this compiler and this configuration",
  });
}
