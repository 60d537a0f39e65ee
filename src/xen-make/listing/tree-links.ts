// Symbolic links that Xen's build makes in the tree: code of several architectures is compiled in the
// directory of each, and headers are included as asm/….

import { existsSync, readdirSync, readlinkSync, symlinkSync } from "node:fs";
import { dirname, isAbsolute, join, relative } from "node:path";
import type { Listing } from "../listing.ts";

/** Those that are there, to files and directories below `xen`. */
export function readLinks(xen: string): Listing["aliases"] {
  const links = readdirSync(xen, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isSymbolicLink(),
  );
  return Object.fromEntries(
    links.flatMap((entry) => {
      const place = join(entry.parentPath, entry.name);
      const target = readlinkSync(place);
      const leadsTo = relative(xen, join(dirname(place), target));
      const isBelow = leadsTo !== "" && !leadsTo.startsWith("..") && !isAbsolute(target);
      return isBelow ? [[relative(xen, place), leadsTo]] : [];
    }),
  );
}

/** Those that the build would make first: the compiler cannot be asked about a source without. */
export function makeLinks(xen: string, aliases: Listing["aliases"]): void {
  for (const [link, target] of Object.entries(aliases)) {
    const place = join(xen, link);
    if (!existsSync(place)) symlinkSync(relative(dirname(place), join(xen, target)), place);
  }
}
