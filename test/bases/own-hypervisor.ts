// A hypervisor that is built from a source for the matrix, once, and kept in the cache. What comes out is a
// directory that xsplice takes as --base: a source tree in which Xen was built.

import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeWhole } from "../../src/files/make-whole.ts";
import { cacheFolder } from "../../src/parts/cache-folder.ts";
import { readSourceTree, type SourceTree } from "../../src/xen-make/source-tree.ts";
import { findMakeTools } from "../../src/xen-make/tools.ts";
import { builtFolder, makeXen } from "../make-xen.ts";

export interface HypervisorWish {
  readonly title: string;
  /** Only read. */
  readonly source: string;
  /** Text. */
  readonly config: string;
  readonly settings: readonly string[];
  /** `NAME=VALUE` arguments of make. */
  readonly make: readonly string[];
  readonly compiler: string | undefined;
}

export interface MakeRun {
  readonly jobs: number;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

/** The directory. @throws BuildError, MakeXenError; the reason of `signal` */
export async function openOwnHypervisor(wish: HypervisorWish, run: MakeRun): Promise<string> {
  const { title, source, config, settings, make, compiler } = wish;
  const { signal } = run;
  const tools = await findMakeTools({ architecture: "x86_64", compiler, signal });
  const tree = readSourceTree(source);
  const inputs = [tree.digest, config, settings, make, tools.compilerVersion];
  const key = createHash("sha256").update(JSON.stringify(inputs)).digest("hex").slice(0, 16);
  const folder = join(cacheFolder(), "bases", key);
  const built = join(folder, "built");
  const stamp = join(folder, "built.stamp");
  const base = builtFolder(built, make);
  // Not xen/ itself: the tree that Xen was built in is the base.
  const word = base === join(built, "xen") ? built : base;
  if (existsSync(stamp)) return word;
  if (!existsSync(built)) await makeWhole(built, async (made) => writeTree(tree, made));
  await makeXen({ tree: built, title, config, settings, variables: make, tools, ...run });
  writeFileSync(stamp, "");
  return word;
}

function writeTree({ files }: SourceTree, folder: string): void {
  for (const { path, content } of files) {
    const place = join(folder, path);
    mkdirSync(dirname(place), { recursive: true });
    if (content.kind === "link") symlinkSync(content.target, place);
    else {
      writeFileSync(place, content.bytes);
      if (content.executable) chmodSync(place, 0o755);
    }
  }
}
