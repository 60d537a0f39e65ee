// Where lines of a file went: the changed regions of a source file, before and after.

import { diffLines } from "diff";

/** Lines count from 1. A count of 0: between the line before `start` and `start`. */
export interface LineRegion {
  readonly oldStart: number;
  readonly oldCount: number;
  readonly newStart: number;
  readonly newCount: number;
}

/** In order; what is not in a region is the same before and after. */
export function findRegions(before: string, after: string): LineRegion[] {
  const regions: LineRegion[] = [];
  let [oldLine, newLine] = [1, 1];
  let [oldStart, newStart] = [1, 1];
  const endRegion = () => {
    if (oldLine === oldStart && newLine === newStart) return;
    regions.push({
      oldStart,
      oldCount: oldLine - oldStart,
      newStart,
      newCount: newLine - newStart,
    });
  };
  for (const { added, removed, count } of diffLines(before, after)) {
    if (added) newLine += count;
    else if (removed) oldLine += count;
    else {
      endRegion();
      [oldLine, newLine] = [oldLine + count, newLine + count];
      [oldStart, newStart] = [oldLine, newLine];
    }
  }
  endRegion();
  return regions;
}

/** `undefined` for a line that the patch has brought. */
export function oldLineOf(regions: readonly LineRegion[], newLine: number): number | undefined {
  let shift = 0;
  for (const { newStart, newCount, oldCount } of regions) {
    if (newLine < newStart) break;
    if (newLine < newStart + newCount) return undefined;
    shift += oldCount - newCount;
  }
  return newLine + shift;
}
