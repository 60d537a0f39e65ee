// Makes the changed files of a working copy line-neutral, each that can be.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PatchedFile } from "./apply-patch.ts";
import { neutralizeLines } from "./line-neutral.ts";
import { findRegions, type LineRegion } from "./line-regions.ts";

export type LineTreatment =
  /** Compiled with `#line` directives: what was not changed has the numbers that it had. */
  | { readonly kind: "neutral" }
  /** Nothing has moved. */
  | { readonly kind: "unneeded" }
  /** Compiled as it is; lines have moved as the regions say. */
  | { readonly kind: "plain"; readonly reason: string };

/** By paths below `xen/`. The files have been written to `tree` as the patch has them. */
export function neutralizeFiles(
  tree: string,
  files: ReadonlyMap<string, PatchedFile>,
): {
  readonly regions: ReadonlyMap<string, readonly LineRegion[]>;
  readonly treated: ReadonlyMap<string, LineTreatment>;
} {
  const regions = new Map<string, readonly LineRegion[]>();
  const treated = new Map<string, LineTreatment>();
  for (const [path, { before, after }] of files) {
    if (!/^xen\/.*\.[chS]$/.test(path) || before === undefined || after === undefined) continue;
    const name = path.slice("xen/".length);
    const own = findRegions(before, after);
    regions.set(name, own);
    if (path.endsWith(".S")) {
      const moved = own.some(({ oldCount, newCount }) => oldCount !== newCount);
      treated.set(
        name,
        moved ? { kind: "plain", reason: "assembly is compiled as it is" } : { kind: "unneeded" },
      );
      continue;
    }
    const result = neutralizeLines(after, own);
    if (result.kind === "neutral") writeFileSync(join(tree, path), result.text, "latin1");
    treated.set(
      name,
      result.kind === "doubt" ? { kind: "plain", reason: result.reason } : { kind: result.kind },
    );
  }
  return { regions, treated };
}
