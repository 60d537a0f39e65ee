// What code reads that becomes bytes inside of other objects (boot/reloc.c in head.o): no recorded
// dependency names it, since it is linked and copied apart. By its text, and rather too much than too
// little.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import type { Listing } from "./listing.ts";

/** Directories of Xen's include path, below `xen/`. */
const searched = ["include", "arch/x86/include", "arch/arm/include", "."];
/** Is `path` one of the embedded sources, or included by one? Paths below `xen/`, which is `tree`. */
export function isEmbedded(
  path: string,
  { embedded }: Pick<Listing, "embedded">,
  tree: string,
): boolean {
  const seen = new Set(embedded.map(({ source }) => source));
  for (const file of seen) {
    if (file === path) return true;
    for (const name of includesOf(join(tree, file))) {
      const beside = join(dirname(file), name);
      const places = [beside, ...searched.map((folder) => join(folder, name))];
      if (places.includes(path)) return true;
      for (const place of places) if (includesOf(join(tree, place)).length > 0) seen.add(place);
    }
  }
  return false;
}

function includesOf(file: string): readonly string[] {
  let text = "";
  try {
    text = readFileSync(file, "latin1");
  } catch {
    return []; // Another place of the search path has it.
  }
  return [...text.matchAll(/^[ \t]*#[ \t]*include[ \t]+["<]([^">\n]+)[">]/gm)].map(
    ([, name = ""]) => name,
  );
}
