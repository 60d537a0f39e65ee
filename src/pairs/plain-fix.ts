// The plainest fix: it changes C files that no other file includes, and each is compiled by one command. Most
// fixes are of this kind; compilers alone make their objects, and nothing is generated or listed again.

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { PatchedFile } from "../source-patch/apply-patch.ts";
import type { Base } from "../xen-make/base.ts";
import { findIncluders } from "../xen-make/headers/source-includes.ts";
import type { CompileUnit } from "../xen-make/listing.ts";
import { suitsCompilerCopy } from "../xen-make/objects/compiler-copy.ts";
import { asksForOwnHeaders } from "../xen-make/own-headers.ts";

/** What such a fix changes; `undefined` of any other. */
export function unitsOfPlainFix(
  base: Base,
  files: ReadonlyMap<string, PatchedFile>,
): readonly CompileUnit[] | undefined {
  const units = new Set<CompileUnit>();
  for (const [path, texts] of files) {
    const own = unitsOf(base, path, texts);
    if (own.length === 0) return undefined;
    for (const unit of own) units.add(unit);
  }
  const all = [...units];
  return all.length > 0 && suitsCompilerCopy(all) ? all : undefined;
}

function unitsOf(
  { listing, includes, tree }: Base,
  path: string,
  { before, after }: PatchedFile,
): readonly CompileUnit[] {
  const isChanged = before !== undefined && after !== undefined;
  if (!isChanged || !/^xen\/.*\.c$/.test(path)) return [];
  if (asksForOwnHeaders(after) || mayIncludeCode.test(after)) return [];
  const file = path.slice("xen/".length);
  const exists = (name: string): boolean => existsSync(join(tree, "xen", name));
  if (findIncluders(file, includes, exists).size > 1) return [];
  return listing.units.filter(({ compiles }) => compiles.some(({ source }) => source === file));
}

/** Or names what it includes by a macro. */
const mayIncludeCode = /^[ \t]*#[ \t]*include[ \t]+(?:["<][^">\n]+\.c[">]|\w)/m;
