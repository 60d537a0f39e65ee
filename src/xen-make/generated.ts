// What Xen's make generates before the first object, held against what it generated for the base: in
// a working copy whose patch changes make files or generators all of it is made anew, since a rule
// need not name everything that it depends on.

import { basename, join } from "node:path";
import type { Base } from "./base.ts";
import { type Commands, wordsOf } from "./commands.ts";
import { normalizePath } from "./listing.ts";
import { MAKE_FILE } from "./recipe.ts";
import { readMade } from "./sandbox/made-file.ts";
import { readTreeContents, type TreeContents } from "./scratch-tree.ts";

/** What is there before anything is generated: the configuration, and what has made it. */
const early = /^xen\/(\.config|\.allconfig\.tmp|source|tools\/.*)$/;

export function withoutGenerated({ contents, listing }: Base): TreeContents {
  const isKept = (path: string) =>
    early.test(path) || path === MAKE_FILE || path.slice("xen/".length) in listing.aliases;
  return { ...contents, generated: contents.generated.filter(isKept) };
}

/** Records of make, empty files for its times, and how the configuration is made. */
const notCompared = /\.(cmd|d)$|^xen\/(include\/config|tools\/kconfig)\//;

/**
 * Generated files of a working copy that are not as in the base, on either side; below `xen/`.
 * `patched` are sources of its patch.
 */
export function findRegenerated(
  base: Base,
  tree: string,
  patched: Iterable<string>,
): readonly string[] {
  const sources = new Set([...base.contents.sources, ...patched]);
  const { generated } = readTreeContents(tree, sources, /^xen\/(include\/config|tools\/kconfig)$/);
  return [...new Set([...base.contents.generated, ...generated])]
    .filter((path) => path.startsWith("xen/") && !notCompared.test(path))
    .filter((path) => {
      const [before, after] = [base.tree, tree].map((folder) => readIfFile(join(folder, path)));
      return before === undefined || after === undefined
        ? before !== after
        : !before.equals(after) && withoutPlace(before, base.tree) !== withoutPlace(after, tree);
    })
    .map((path) => path.slice("xen/".length))
    .sort();
}

/** Sources that the patch does not name and that are others in its working copy: its scripts wrote there. */
export function findOverwritten(
  { tree: before, contents }: Base,
  tree: string,
  patched: Iterable<string>,
): readonly string[] {
  const named = new Set(patched);
  return contents.sources.filter((path) => {
    if (named.has(path)) return false;
    const [old, now] = [before, tree].map((folder) => readMade(join(folder, path)));
    return old !== undefined && (now === undefined || !old.equals(now));
  });
}

/** What is generated may name what it was made from, by Xen's `$(XEN_ROOT)`, and itself. */
function withoutPlace(content: Buffer, tree: string): string {
  const text = content.toString("latin1").replaceAll(`${tree}/`, "");
  return text.replaceAll(/\/[^\s"']*\/xen\/\.\.\//g, "").replaceAll("xen/../", "");
}

/** Files below `xen/` that commands read or run, and scripts that those name. */
export function filesUsed(
  { tree, contents }: Base,
  commands: readonly Commands[],
): ReadonlySet<string> {
  const words = commands.flatMap((one) => [...wordsOf(one)]);
  const used = new Set(words.map((word) => normalizePath(word, {})));
  const scripts = new Set(
    contents.sources.filter((path) => script.test(path)).map((path) => path.slice("xen/".length)),
  );
  for (const file of used) {
    if (!scripts.has(file)) continue;
    const text = readIfFile(join(tree, "xen", file))?.toString("latin1") ?? "";
    // Rather too much than too little.
    for (const other of scripts) if (text.includes(basename(other, ".py"))) used.add(other);
  }
  return used;
}

const script = /^xen\/.*\.(py|sh|awk|pl|sed)$|^xen\/(tools|scripts)\/[^/.]+$/;

/** Undefined for what is not there, and for links, which lead to another file that is compared. */
function readIfFile(path: string): Buffer | undefined {
  return readMade(path);
}
