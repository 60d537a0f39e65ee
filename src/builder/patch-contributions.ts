// Which patch of several brought what: by the lines that each of them changed, and the functions that
// these lines belong to or were inlined into. What no line tells (a type, a macro, a table) is put down
// to every patch that changed a file which the object was compiled from.

import { applyFilePatches } from "./apply-patch.ts";
import type { ComparedObject } from "./build-compare.ts";
import { functionsTouchedBy } from "./build-inlines.ts";
import { findRegions, type LineRegion, oldLineOf } from "./line-regions.ts";
import type { FilePatch } from "./patch-file.ts";

export interface PatchContribution {
  readonly patch: string;
  /** By path below `xen/`, in the lines of the source before the first of the patches. */
  readonly lines: Readonly<Record<string, { readonly regions: readonly LineRegion[] }>>;
}

/** @param readText of a file before the first patch, by its path */
export function contributionsOf(
  patches: readonly FilePatch[],
  readText: (path: string) => string | undefined,
): readonly PatchContribution[] {
  const texts = new Map<string, string | undefined>();
  const earlier = new Map<string, (readonly LineRegion[])[]>();
  const current = (path: string) => (texts.has(path) ? texts.get(path) : readText(path));
  return [...new Set(patches.map(({ patch }) => patch))].map((patch) => {
    const own = patches.filter((found) => found.patch === patch);
    const lines: Record<string, { regions: readonly LineRegion[] }> = {};
    for (const [path, { before = "", after = "" }] of applyFilePatches(own, current)) {
      const regions = findRegions(before, after);
      const passed = earlier.get(path) ?? [];
      lines[path.replace(/^xen\//, "")] = { regions: regions.map((one) => traceBack(one, passed)) };
      earlier.set(path, [...passed, regions]);
      texts.set(path, after);
    }
    return { patch, lines };
  });
}

/** Through what earlier patches changed, the latest first. */
function traceBack(region: LineRegion, passed: readonly (readonly LineRegion[])[]): LineRegion {
  const trace = (line: number) =>
    passed.reduceRight((found, regions) => lineBefore(regions, found), line);
  const oldStart = trace(region.oldStart);
  const oldEnd = trace(region.oldStart + region.oldCount);
  return { ...region, oldStart, oldCount: Math.max(oldEnd - oldStart, 0) };
}

/** For a line that the patch brought, the one that stood in its place. */
function lineBefore(regions: readonly LineRegion[], line: number): number {
  const inside = regions.find(
    ({ newStart, newCount }) => newStart <= line && line < newStart + newCount,
  );
  return inside?.oldStart ?? oldLineOf(regions, line) ?? line;
}

/** For a function of the object before, by the name of its symbol. */
export function patchFinder(
  { before, pair }: Pick<ComparedObject, "before" | "pair">,
  contributions: readonly PatchContribution[],
): (name: string) => readonly string[] {
  const [only, ...others] = contributions;
  if (only !== undefined && others.length === 0) return () => [only.patch];
  const touched = contributions.map(({ patch, lines }) => {
    return { patch, functions: functionsTouchedBy(before, lines) };
  });
  const near = contributions.filter(({ lines }) =>
    pair.dependencies.some((file) => lines[file] !== undefined),
  );
  return (name) => {
    const bare = name.replace(/\.(constprop|isra|part|cold).*$/, "");
    const found = touched.filter(({ functions }) => functions.has(bare));
    return (found.length > 0 ? found : near).map(({ patch }) => patch);
  };
}
