// What objects are compiled from lies in the cache for weeks. It is looked at again before a payload is made of
// them: sources are held against those that the user named, and what was generated against the digest that was
// noted when it was made. A disk that forgets, or whoever got to write there, changes no payload unnoticed.

import { join } from "node:path";
import { BuildError } from "../build-outcome/build-error.ts";
import { sha256 } from "../bytes/sha256.ts";
import { removeDamaged } from "../files/make-whole.ts";
import { readMade } from "./sandbox/made-file.ts";
import type { TreeContents } from "./scratch-tree.ts";
import type { SourceTree } from "./source-tree.ts";

/** Of generated files that a compiler may read, by their paths below `tree`; SHA-256 in hex. */
export function digestsOf(
  tree: string,
  { generated }: Pick<TreeContents, "generated">,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    generated.flatMap((path) => {
      const content = notRead.test(path) ? undefined : readMade(join(tree, path));
      return content === undefined ? [] : [[path, sha256(content)]];
    }),
  );
}

const notRead = /\.(cmd|d|o|tmp)$|(^|\/)[^/.]+$/;

export interface DigestedBase {
  readonly folder: string;
  readonly tree: string;
  readonly digests: Readonly<Record<string, string>>;
}

/**
 * Of files below `xen/` that objects depend on. A base of which one is another than it was is removed.
 * @throws BuildError build/cannot-store
 */
export function requireUnchanged(
  { folder, tree, digests }: DigestedBase,
  { files }: Pick<SourceTree, "files">,
  dependencies: Iterable<string>,
): void {
  const sources = new Map(files.map(({ path, content }) => [path, content]));
  for (const name of new Set(dependencies)) {
    const path = `xen/${name}`;
    const source = sources.get(path);
    const digest = digests[path];
    if (source?.kind !== "file" && digest === undefined) continue;
    const content = readMade(join(tree, path));
    const isAsBefore =
      source?.kind === "file"
        ? content?.equals(source.bytes)
        : content !== undefined && sha256(content) === digest;
    if (isAsBefore) continue;
    removeDamaged(folder);
    throw new BuildError({
      code: "build/cannot-store",
      problem:
        "Cannot trust what is kept of this source in the cache: a file was changed after it was made",
      where: join(tree, path),
      expected: "the file as it was made",
      remedy: "it has been removed: build again; if it happens again, find out what writes there",
    });
  }
}
