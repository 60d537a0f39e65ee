// The patches of a base's own series. As XenServer's series have it, those whose names begin with
// "pristine-" are of both sides, and come before all others.

import { basename } from "node:path";
import { MatrixError } from "./errors.ts";

const MARK = "pristine-";

export interface SplitSeries {
  readonly pristine: readonly string[];
  readonly patches: readonly string[];
}

/** @throws MatrixError matrix/bad-series */
export function splitSeries(paths: readonly string[], series: string): SplitSeries {
  const isPristine = (path: string) => basename(path).startsWith(MARK);
  const first = paths.findIndex((path) => !isPristine(path));
  const split = first < 0 ? paths.length : first;
  const patches = paths.slice(split);
  const late = patches.find(isPristine);
  if (late !== undefined) {
    throw new MatrixError({
      code: "matrix/bad-series",
      problem: `Cannot build from the series "${series}": a patch of both sides comes after one of the fix`,
      where: basename(late),
      expected: `patches whose names begin with "${MARK}" before all others`,
    });
  }
  if (patches.length === 0) {
    throw new MatrixError({
      code: "matrix/bad-series",
      problem: `Cannot build from the series "${series}": it names no patch of the fix`,
      expected: `the name of a patch on each line; those that begin with "${MARK}" are of both sides`,
    });
  }
  return { pristine: paths.slice(0, split), patches };
}
