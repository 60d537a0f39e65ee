// What each of several patches changed in the texts of the source.

import { applyFilePatches, type PatchedFile } from "../source-patch/apply-patch.ts";
import type { FilePatch } from "../source-patch/patch-file.ts";

export interface PatchContribution {
  readonly patch: string;
  /** By path below `xen/`, before and after this patch alone. */
  readonly texts: ReadonlyMap<string, PatchedFile>;
}

/** @param readText of a file before the first patch, by its path */
export function contributionsOf(
  patches: readonly FilePatch[],
  readText: (path: string) => string | undefined,
): readonly PatchContribution[] {
  const known = new Map<string, string | undefined>();
  const current = (path: string) => (known.has(path) ? known.get(path) : readText(path));
  return [...new Set(patches.map(({ patch }) => patch))].map((patch) => {
    const own = patches.filter((found) => found.patch === patch);
    const texts = new Map<string, PatchedFile>();
    for (const [path, file] of applyFilePatches(own, current)) {
      texts.set(path.replace(/^xen\//, ""), file);
      known.set(path, file.after);
    }
    return { patch, texts };
  });
}
