// Sources that the cache still has, by their digest: so that files can be named in which another source
// differs, of which a payload tells the digest alone.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { basesIn, treeOf } from "./base.ts";
import { readSourceTree, type SourceFile, type SourceTree } from "./source-tree.ts";

/** Paths that only one of two has, or that have other contents; `undefined` for an unknown digest. */
export function differencesFrom(
  source: Pick<SourceTree, "files">,
  digest: string,
  cache: string,
): readonly string[] | undefined {
  const bases = basesIn(cache);
  for (const name of foldersIn(bases)) {
    const known = readIfSource(treeOf(join(bases, name)));
    if (known?.digest === digest) return compareFiles(known.files, source.files);
  }
  return undefined;
}

function compareFiles(one: readonly SourceFile[], other: readonly SourceFile[]): readonly string[] {
  const [left, right] = [one, other].map(
    (files) => new Map(files.map((file) => [file.path, textOf(file)])),
  );
  const paths = new Set([...one, ...other].map(({ path }) => path));
  return [...paths].filter((path) => left?.get(path) !== right?.get(path)).sort();
}

function textOf({ content }: SourceFile): string {
  if (content.kind === "link") return `link ${content.target}`;
  return `${content.executable} ${Buffer.from(content.bytes).toString("latin1")}`;
}

function readIfSource(folder: string): SourceTree | undefined {
  try {
    return readSourceTree(folder);
  } catch {
    return undefined; // Not finished, or removed by another process.
  }
}

function foldersIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
