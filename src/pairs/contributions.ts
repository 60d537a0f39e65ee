// Which lines each of several patches changed, in the numbers of the source before the first of them.

import { applyFilePatches } from "../source-patch/apply-patch.ts";
import { findRegions, type LineRegion, oldLineOf } from "../source-patch/line-regions.ts";
import type { FilePatch } from "../source-patch/patch-file.ts";

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
