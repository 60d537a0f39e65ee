// What the report says of a build's inputs: their digests, the names of patches, and the hunks that were found
// at other lines than they say, or with fuzz.

import { basename } from "node:path";
import { sha256 } from "../bytes/sha256.ts";
import type { PatchAccount } from "../pairs/prepared-pairs.ts";
import { pathOf } from "../source-patch/patch-file.ts";
import type { BuildInputs } from "./build-options.ts";

export interface ReportedHunk {
  readonly patch: string;
  readonly file: string;
  /** As written in the patch: `@@ -10,7 +10,8 @@` */
  readonly hunk: string;
  /** Line number of its first compared line, in the file after earlier hunks. */
  readonly line: number;
  /** Distance from the expected line; positive is further down in the file. */
  readonly distance: number;
  /** Lines of its context that were not compared (`--fuzz`). */
  readonly ignored: { readonly before: number; readonly after: number };
  /** Number of other places that match as well. */
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

/** File names only, so that the directory does not matter; full paths where two are equal. */
export function nameWithoutPlace(patches: BuildInputs["patches"]): (name: string) => string {
  const short = patches.map(({ name }) => basename(name));
  const isClear = new Set(short).size === short.length;
  return (name) => (isClear ? basename(name) : name);
}

/** SHA-256 of each, in hex; patches by their file names. */
export interface ReportedInputs {
  readonly source: string;
  readonly xenSyms: string;
  readonly config: string;
  readonly patches: Readonly<Record<string, string>>;
  /** Of both sides; absent where there are none. */
  readonly pristine?: Readonly<Record<string, string>>;
}

export function inputsOf(
  { xenSyms, config, patches, pristine = [] }: BuildInputs,
  source: string,
  nameOf: (name: string) => string,
): ReportedInputs {
  const digests = (all: typeof patches) =>
    Object.fromEntries(all.map(({ name, bytes }) => [nameOf(name), sha256(bytes)]));
  return {
    source,
    xenSyms: sha256(xenSyms.bytes),
    config: sha256(Buffer.from(config.text)),
    patches: digests(patches),
    ...(pristine.length === 0 ? {} : { pristine: digests(pristine) }),
  };
}
