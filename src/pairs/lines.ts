// Makes the changed files of a working copy line-neutral, where possible.

import type { PatchedFile } from "../source-patch/apply-patch.ts";
import { neutralizeLines } from "../source-patch/line-neutral.ts";
import { findRegions, type LineRegion, oldLineOf } from "../source-patch/line-regions.ts";
import { replaceFile } from "../xen-make/scratch-tree.ts";
import type { AppliedPatches } from "./apply.ts";

type LineTreatment =
  /** Compiled with `#line` directives: unchanged lines keep their numbers. */
  | { readonly kind: "neutral" }
  /** No line has moved. */
  | { readonly kind: "unneeded" }
  /** Compiled unchanged; lines have moved as the regions say. */
  | { readonly kind: "plain"; readonly reason: string }
  /**
   * Only one of the two sides is compiled line-neutral, so that nothing can be said of numbers: of a
   * file that a payload below changes too.
   */
  | { readonly kind: "apart"; readonly reason: string };

export type FileLines = LineTreatment & {
  /** From what was before the fix to what is after it, in the numbers that the objects have. */
  readonly regions: readonly LineRegion[];
};

/** By paths below `xen/`. */
export interface NeutralFiles {
  readonly regions: ReadonlyMap<string, readonly LineRegion[]>;
  readonly treated: ReadonlyMap<string, LineTreatment>;
}

/** The files have been written to `tree` as the patch has them. */
export function neutralizeFiles(
  tree: string,
  files: ReadonlyMap<string, PatchedFile>,
): NeutralFiles {
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
    if (result.kind === "neutral") replaceFile(tree, path, result.text);
    treated.set(
      name,
      result.kind === "doubt" ? { kind: "plain", reason: result.reason } : { kind: result.kind },
    );
  }
  return { regions, treated };
}

interface TreatedFiles extends NeutralFiles {
  /** Not when the patched source compiled only as it is. */
  readonly wasNeutral: boolean;
}

/** Of the files that the fix itself changes, by paths below `xen/`. */
export function linesOf(
  { files, changed, levels }: Pick<AppliedPatches, "files" | "changed" | "levels">,
  { regions, treated, wasNeutral }: TreatedFiles,
): Readonly<Record<string, FileLines>> {
  const unneeded: LineTreatment = { kind: "unneeded" };
  const below = levels.at(-1)?.files;
  const entries = [...regions].flatMap(([name, own]): (readonly [string, FileLines])[] => {
    const path = `xen/${name}`;
    if (!changed.has(path)) return [];
    const treatment: LineTreatment = wasNeutral
      ? (treated.get(name) ?? unneeded)
      : { kind: "plain", reason: "the line-neutral source did not compile" };
    const [earlier, after] = [below?.get(path), files.get(path)?.after];
    if (earlier?.before === undefined || earlier.after === undefined || after === undefined) {
      return [[name, { ...treatment, regions: own }]];
    }
    const texts = { source: earlier.before, before: earlier.after, after };
    return [[name, linesAbove(texts, treatment, path.endsWith(".S"))]];
  });
  return Object.fromEntries(entries);
}

interface LevelTexts {
  /** Of the source itself. */
  readonly source: string;
  /** With the patches of the payloads below. */
  readonly before: string;
  readonly after: string;
}

function linesAbove(
  { source, before, after }: LevelTexts,
  treatment: LineTreatment,
  isAssembly: boolean,
): FileLines {
  const belowRegions = findRegions(source, before);
  const isPlainBelow = isAssembly || neutralizeLines(before, belowRegions).kind === "doubt";
  const regions = findRegions(before, after);
  if (treatment.kind === "plain") {
    if (isPlainBelow) return { ...treatment, regions };
    return { kind: "apart", reason: treatment.reason, regions };
  }
  // Line-neutral objects have the numbers of the source.
  return {
    ...treatment,
    regions: regions.map((region) => ({
      ...region,
      oldStart: numberInSource(belowRegions, region.oldStart),
    })),
  };
}

/** Lines that a payload below brought count on from the last one that was there. */
function numberInSource(regions: readonly LineRegion[], line: number): number {
  for (let known = line; known > 0; known--) {
    const number = oldLineOf(regions, known);
    if (number !== undefined) return number + line - known;
  }
  return line;
}
