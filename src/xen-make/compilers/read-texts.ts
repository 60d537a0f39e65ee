// The author's texts that a compiler has read for a C file, as it lists them itself (-MMD: without those of the
// system). Names have no directories of this machine, so that a payload says the same wherever it is made.

import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, relative, resolve } from "node:path";
import { sha256 } from "../../bytes/sha256.ts";
import { parseRule } from "../dependencies.ts";

export interface ReadText {
  /** Below the directory of the C file; of a file elsewhere without its directories. */
  readonly name: string;
  /** In hex. */
  readonly sha256: string;
  /** Not of headers that lie elsewhere, nor of very many. */
  readonly bytes: Uint8Array | undefined;
}

/** Of all headers of a C file, in bytes: a payload is uploaded with them, and has 2 MB at most. */
const HEADERS_SIZE_MAX = 128 * 1024;

/** Where the compiler lists what it reads. */
export function listOfRead(output: string): string {
  return `${output}.d`;
}

/**
 * @param source absolute
 * @param ours files and directories that are not the author's
 */
export async function readTexts(
  source: string,
  list: string,
  ours: readonly string[],
): Promise<readonly ReadText[]> {
  const isOurs = (path: string) => ours.some((one) => path === one || path.startsWith(`${one}/`));
  // The author's own flags may have led it elsewhere.
  const [rule = ""] = existsSync(list) ? readFileSync(list, "utf8").split(/(?<!\\)\n/) : [];
  const read = parseRule(rule).map((path) => resolve(path));
  const headers = [...new Set(read)]
    .filter((path) => path !== source && !isOurs(path) && existsSync(path))
    .map((path) => textOf(path, dirname(source)));
  const size = headers.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0);
  const kept = size <= HEADERS_SIZE_MAX;
  return [
    textOf(source, dirname(source)),
    ...headers.map((text) => (kept ? text : { ...text, bytes: undefined })),
  ];
}

function textOf(path: string, folder: string): ReadText {
  const bytes = new Uint8Array(readFileSync(path));
  const below = relative(folder, path);
  const isBelow = !below.startsWith("../");
  return {
    name: isBelow ? below : basename(path),
    sha256: sha256(bytes),
    bytes: isBelow ? bytes : undefined,
  };
}

/** A header that several sources include once. */
export function distinctTexts(
  compiled: readonly { readonly texts: readonly ReadText[] }[],
): readonly ReadText[] {
  const known = new Map<string, ReadText>();
  for (const text of compiled.flatMap(({ texts }) => texts)) {
    const key = `${text.name}\n${text.sha256}`;
    if (!known.has(key) || known.get(key)?.bytes === undefined) known.set(key, text);
  }
  return [...known.values()];
}
