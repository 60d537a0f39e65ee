// Which C files are included by others, by their text alone: `arch/x86/mm/shadow/guest_3.c` has
// `#include "multi.c"`. It finds the objects that may hold a changed C file before anything has been
// compiled; the compiler's own word on dependencies decides afterwards.

import { basename, dirname, join, normalize } from "node:path/posix";
import * as v from "valibot";
import type { Described } from "../../json/decode-json.ts";
import type { SourceFile } from "../source-tree.ts";

/** Paths below `xen/`: a file to what it includes; `*` for a name that a macro gives. */
export const includesSchema = v.record(v.string(), v.array(v.string()));
export type TextIncludes = Described<typeof includesSchema>;

const ANY_FILE = "*";
const prefix = "xen/";

export function isTextOfCode(path: string): boolean {
  return path.startsWith(prefix) && /\.[chS]$/.test(path);
}

/**
 * Only includes of C files, and those that a macro names; headers are the compiler's matter. A
 * setting that `config` does not have names no file.
 */
export function readIncludes(
  files: readonly SourceFile[],
  config: ReadonlyMap<string, string>,
): TextIncludes {
  const includes: Record<string, readonly string[]> = {};
  for (const { path, content } of files) {
    if (content.kind !== "file") continue;
    const text = Buffer.from(content.bytes).toString("latin1");
    const own = [...text.matchAll(/^[ \t]*#[ \t]*include[ \t]+(?:["<]([^">\n]+\.c)[">]|(\w+))/gm)]
      .filter(([, , macro]) => macro === undefined || namesOtherFile(macro, config))
      .map(([, name]) => name ?? ANY_FILE);
    if (own.length > 0) includes[path.slice(prefix.length)] = own;
  }
  return includes;
}

function namesOtherFile(macro: string, config: ReadonlyMap<string, string>): boolean {
  if (macro.startsWith("CONFIG_")) return config.has(macro);
  return macro !== "__FILE__";
}

/** The file itself and all files that may include it, directly or not. */
export function findIncluders(
  file: string,
  includes: TextIncludes,
  exists: (path: string) => boolean,
): ReadonlySet<string> {
  const found = new Set([file]);
  const entries = Object.entries(includes);
  let before = 0;
  while (found.size > before) {
    before = found.size;
    for (const [includer, names] of entries) {
      if (names.some((name) => mayInclude(includer, name, found, exists))) found.add(includer);
    }
  }
  return found;
}

function mayInclude(
  includer: string,
  name: string,
  files: ReadonlySet<string>,
  exists: (path: string) => boolean,
): boolean {
  if (name === ANY_FILE) return true;
  const beside = normalize(join(dirname(includer), name));
  if (exists(beside)) return files.has(beside);
  // Found along the compiler's search path: any file of this name.
  return [...files].some((file) => basename(file) === basename(name));
}
