// Hunks that were found elsewhere than they say, or with fuzz, as the report has them.

import type { PatchAccount } from "../pairs/prepared-pairs.ts";
import { pathOf } from "../source-patch/patch-file.ts";

export interface ReportedHunk {
  readonly patch: string;
  readonly file: string;
  /** As the patch has it: `@@ -10,7 +10,8 @@` */
  readonly hunk: string;
  /** Of its first line that was compared, in the file as earlier hunks left it. */
  readonly line: number;
  /** How far from where it had to be; lower in the file is positive. */
  readonly distance: number;
  /** Lines of its context that were not compared (`--fuzz`). */
  readonly ignored: { readonly before: number; readonly after: number };
  /** How many more places it would fit. */
  readonly alternatives: number;
}

export function movedHunksOf(
  { moved }: Pick<PatchAccount, "moved">,
  nameOf: (patch: string) => string,
): readonly ReportedHunk[] {
  return moved.map(({ patch, hunk, lines, line, ignored, alternatives }) => ({
    patch: nameOf(patch.patch),
    file: pathOf(patch),
    hunk: hunk.header,
    line,
    distance: lines,
    ignored,
    alternatives,
  }));
}
