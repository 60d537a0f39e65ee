// The hypervisor that the payloads are for: built once from the source of the base, as its maintainer
// would, and kept in the cache.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeWhole } from "../../src/files/make-whole.ts";
import { cacheFolder } from "../../src/parts/cache-folder.ts";
import { findMakeTools } from "../../src/xen-make/tools.ts";
import { makeXen } from "../make-xen.ts";
import type { Clone } from "./clone.ts";

export interface ScoredBase {
  /** Changes with the source, the configuration and the compiler. */
  readonly key: string;
  readonly folder: string;
  readonly source: string;
  readonly config: string;
  readonly xenSyms: string;
  /** For a boot loader. */
  readonly image: string;
  readonly compiler: string;
}

export interface BaseRequest {
  readonly clone: Clone;
  /** Tag or commit. */
  readonly base: string;
  readonly config: string;
  readonly jobs: number;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

const FORMAT = 1;

/** Everything of the score, in the cache of xSplice: `lab clean --cache` removes it with the rest. */
function scoreFolder(): string {
  return join(cacheFolder(), "score");
}

export async function openScoredBase(request: BaseRequest): Promise<ScoredBase> {
  const { clone, config } = request;
  const tools = await findMakeTools({ architecture: "x86_64", compiler: undefined });
  const commit = clone.commitOf(request.base);
  const text = readFileSync(config, "utf8");
  const inputs = [FORMAT, commit, text, tools.compilerVersion];
  const key = createHash("sha256").update(JSON.stringify(inputs)).digest("hex").slice(0, 16);
  const folder = join(scoreFolder(), "bases", key);
  const base: ScoredBase = {
    key,
    folder,
    source: join(folder, "source"),
    config: join(folder, "built/xen/.config"),
    xenSyms: join(folder, "built/xen/xen-syms"),
    image: join(folder, "built/xen/xen.gz"),
    compiler: tools.compilerVersion,
  };
  const exported = (place: string) =>
    makeWhole(place, async (unfinished) => clone.exportTo(commit, unfinished));
  if (!existsSync(base.source)) await exported(base.source);
  const stamp = join(folder, "built.stamp");
  if (existsSync(stamp)) return base;
  // Make goes on where an interrupted run has stopped.
  const built = join(folder, "built");
  if (!existsSync(built)) await exported(built);
  const { jobs, say, signal, base: title } = request;
  await makeXen({ tree: built, title, config: text, tools, jobs, say, signal });
  writeFileSync(stamp, "");
  return base;
}
