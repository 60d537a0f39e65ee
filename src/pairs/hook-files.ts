// C files with hooks that include Xen's headers. Each is put into the working copy of the patched source and
// compiled by the rule that Xen's make files have for a file of that directory: with Xen's own flags, and
// against the headers as the patch leaves them.

import { basename } from "node:path";
import type { Base } from "../xen-make/base.ts";
import type { CompileUnit } from "../xen-make/listing.ts";
import { writeOwnHeaders } from "../xen-make/own-headers.ts";
import { replaceFile } from "../xen-make/scratch-tree.ts";

export interface HookFile {
  /** As the author named it. */
  readonly name: string;
  readonly text: string;
}

/** What make is asked for besides the objects of the source. */
export interface HookUnit {
  readonly unit: CompileUnit;
  readonly hookFile: string;
}

/** In the directory of most of Xen's code: no object there is made in a way of its own. */
const FOLDER = "common";

/** Writes the files into the working copy `tree`. */
export function placeHookFiles(
  tree: string,
  base: Base,
  files: readonly HookFile[],
): readonly HookUnit[] {
  if (files.length === 0) return [];
  writeOwnHeaders(tree);
  const taken = new Set(base.contents.sources);
  const { units } = base.listing;
  const isMadeThere = units.some(({ compiles }) =>
    compiles.some(({ folder }) => folder === FOLDER),
  );
  const place = isMadeThere ? { folder: FOLDER } : {};
  return files.map(({ name, text }) => {
    const object = freeName(name, taken);
    const source = object.replace(/o$/, "c");
    taken.add(`xen/${source}`);
    replaceFile(tree, `xen/${source}`, withMacros(name, text));
    return {
      unit: { object, compiles: [{ object, source, command: [], ...place }], makeFolder: FOLDER },
      hookFile: name,
    };
  });
}

/** Like the author's, and like no file of the source. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  const stem = basename(name, ".c").replace(/[^A-Za-z0-9_-]/g, "_");
  for (let count = 1; ; count++) {
    const path = `${FOLDER}/xsplice-${stem}${count === 1 ? "" : `-${count}`}`;
    if (!taken.has(`xen/${path}.c`)) return `${path}.o`;
  }
}

/** Messages of the compiler name the author's file and its lines. */
function withMacros(name: string, text: string): string {
  const quoted = basename(name).replace(/["\\]/g, "\\$&");
  return `#include <xsplice.h>\n#line 1 "${quoted}"\n${text}`;
}
