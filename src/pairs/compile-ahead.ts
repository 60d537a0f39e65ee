// All unpatched objects of a base in advance, so that a fix of a header waits only for the compiler's
// work on the patched side. A build would compile the very same objects when it needs them, and does so
// for those that are not there yet: interrupting this, or building meanwhile, does no harm.

import { basename, join } from "node:path";
import { asStorageError } from "../build-outcome/build-error.ts";
import { cacheFolder } from "../parts/cache-folder.ts";
import { withLock } from "../parts/lock.ts";
import { lookAtDependencies } from "../xen-make/affected.ts";
import { type Base, basesIn, openBase, seeingBase } from "../xen-make/base.ts";
import { evictBases, markUsed, sizeOfBase } from "../xen-make/evict-bases.ts";
import { withVendorVersion } from "../xen-make/inputs/vendor-version.ts";
import type { CompileUnit } from "../xen-make/listing.ts";
import type { MakeRun } from "../xen-make/make-run.ts";
import { findObject } from "../xen-make/objects/kept-objects.ts";
import { outlineOf, rememberSource } from "../xen-make/remembered-source.ts";
import { makeWorkFolder, WORKING_COPIES } from "../xen-make/scratch-tree.ts";
import { readSourceTree } from "../xen-make/source-tree.ts";
import { Timings } from "../xen-make/timings.ts";
import { findMakeTools } from "../xen-make/tools.ts";
import { linkBefore, makeBefore } from "./compile.ts";
import type { PairsInputs, PairsRequest } from "./prepared-pairs.ts";

/** What is lost when it is interrupted: small against all, large against starting make. */
const BATCH = 24;

export interface AheadRequest {
  readonly inputs: Pick<PairsInputs, "source" | "config" | "architecture" | "extraVersion">;
  readonly run: PairsRequest["run"];
}

export interface CompiledAhead {
  /** In the cache, with all that is kept of the base. */
  readonly folder: string;
  readonly objects: {
    readonly total: number;
    /** The others were there. */
    readonly compiled: number;
  };
  /** Of the base on the disk. */
  readonly sizeBytes: number;
}

/** @throws BuildError, PartsError; the reason of `signal` */
export async function compileAhead(request: AheadRequest): Promise<CompiledAhead> {
  const { cache = cacheFolder(request.run.environment) } = request.run;
  try {
    return await compile(request, cache);
  } catch (error) {
    throw asStorageError(error, cache);
  }
}

async function compile({ inputs, run }: AheadRequest, cache: string): Promise<CompiledAhead> {
  const { source: folder, config, architecture, extraVersion } = inputs;
  const { jobs, signal, onProgress = () => {} } = run;
  const source = readSourceTree(folder);
  const unversioned = await findMakeTools({ ...run, architecture });
  const tools = withVendorVersion(unversioned, source.version, extraVersion);
  if (tools.sandbox.kind === "none" && !tools.sandbox.isWanted) {
    onProgress(`warning: make and the compiler run outside of a sandbox: ${tools.sandbox.because}`);
  }
  const found: MakeRun = { tools, jobs, signal, onProgress, timings: new Timings() };
  const base = await openBase({ ...found, cache, source, config });
  rememberSource(base, folder, { outline: outlineOf(source), extraVersion, isNew: true });
  const make: MakeRun = { ...found, tools: seeingBase(tools, base) };
  const name = basename(base.folder);
  const { units } = base.listing;
  // Two at once would only do the same twice.
  const compiled = await withLock(
    cache,
    `ahead-${name}`,
    async () => {
      const missing = units.filter(({ object }) => findObject(base.folder, object) === undefined);
      await compileMissing(base, missing, make);
      await lookAtDependencies(base, make);
      return missing.length;
    },
    signal,
  );
  evictBases(basesIn(cache), name);
  const objects = { total: units.length, compiled };
  return { folder: base.folder, objects, sizeBytes: sizeOfBase(base.folder) };
}

async function compileMissing(
  base: Base,
  missing: readonly CompileUnit[],
  run: MakeRun,
): Promise<void> {
  if (missing.length === 0) return;
  using work = makeWorkFolder(join(base.folder, WORKING_COPIES));
  const tree = linkBefore(base, work.path, missing);
  run.onProgress(`compiling ${missing.length} unpatched objects (once for this source)`);
  for (let done = 0; done < missing.length; done += BATCH) {
    const batch = missing.slice(done, done + BATCH);
    await makeBefore(base, tree, batch, run);
    markUsed(base.folder);
    run.onProgress(`unpatched objects: ${done + batch.length}/${missing.length}`);
  }
}
