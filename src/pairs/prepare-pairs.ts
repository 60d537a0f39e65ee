// From a source, a configuration and patches to pairs of objects, before and after, with the account
// of every file and hunk. The user's directory is read; everything is made in the cache. preparePairs()
// opens what both sides are made from; pairUp() is the list of passes over it.

import { join } from "node:path";
import { asStorageError } from "../build-outcome/build-error.ts";
import { invariant } from "../invariant.ts";
import { cacheFolder } from "../parts/cache-folder.ts";
import { type Base, findBase, openBase, readBaseAhead, seeingBase } from "../xen-make/base.ts";
import { withVendorVersion } from "../xen-make/inputs/vendor-version.ts";
import { differencesFrom } from "../xen-make/known-sources.ts";
import type { MakeRun, RunOptions } from "../xen-make/make-run.ts";
import {
  outlineOf,
  type RecalledSource,
  recallSource,
  rememberSource,
} from "../xen-make/remembered-source.ts";
import { makeWorkFolder, removeMeanwhile, WORKING_COPIES } from "../xen-make/scratch-tree.ts";
import { readSourceTree, type SourceTree } from "../xen-make/source-tree.ts";
import { Timings } from "../xen-make/timings.ts";
import { findMakeTools, type MakeTools } from "../xen-make/tools.ts";
import { requireUnchanged } from "../xen-make/unchanged-base.ts";
import { applyPatches } from "./apply.ts";
import { compileLibrary } from "./library.ts";
import { pairUp } from "./pair-up.ts";
import type { PairsInputs, PairsRequest, PreparedPairs } from "./prepared-pairs.ts";
import { findSymbolUsers } from "./symbol-users.ts";

/** @throws BuildError, PartsError; the reason of `signal` */
export async function preparePairs(request: PairsRequest): Promise<PreparedPairs> {
  const { cache = cacheFolder(request.run.environment) } = request.run;
  try {
    const prepared = await prepare(request, cache);
    if (request.within?.removal !== "meanwhile") await prepared.removed;
    return prepared;
  } catch (error) {
    throw asStorageError(error, cache);
  }
}

async function prepare(request: PairsRequest, cache: string): Promise<PreparedPairs> {
  const { inputs, run, within } = request;
  const { timings = new Timings(), tools, meanwhile } = within ?? {};
  const asked = tools ?? findMakeTools({ ...run, architecture: inputs.architecture });
  asked.catch(() => {}); // It is told when it is waited for, unless something else is wrong first.
  let source: SourceTree | undefined;
  const read = (): SourceTree => {
    source ??= timings.measure("read source", () => readSourceTree(inputs.source));
    return source;
  };
  const pass: Pass = { inputs, run, timings, cache, asked, read, meanwhile };
  const early = await prepareEarly(pass);
  if (early !== undefined) return early;
  const now: Assumed = { outline: outlineOf(read()), extraVersion: inputs.extraVersion };
  const prepared = await prepareFrom(now, pass, async (found) => {
    const base = await openBase({ ...found, cache, source: read(), config: inputs.config });
    rememberSource(base, inputs.source, { ...now, isNew: true });
    return base;
  });
  invariant(prepared !== undefined, "the source is the one that was read");
  return prepared;
}

/** What a build takes for true of its inputs before it has looked at all of them. */
type Assumed = Pick<RecalledSource, "outline" | "extraVersion">;

/** What a build goes through with one idea of the source. */
interface Pass {
  readonly inputs: PairsInputs;
  readonly run: RunOptions;
  readonly timings: Timings;
  /** The whole cache of xSplice. */
  readonly cache: string;
  readonly asked: Promise<MakeTools>;
  /** All of the source, as it is now. */
  readonly read: () => SourceTree;
  readonly meanwhile: (() => void) | undefined;
}

/** On the base of the last build: the source is read while compilers run. `undefined` where it is another one now. */
async function prepareEarly(pass: Pass): Promise<PreparedPairs | undefined> {
  const { inputs, run, timings, cache, meanwhile } = pass;
  const recalled = recallSource(cache, inputs.source);
  if (recalled === undefined) return undefined;
  const { outline, extraVersion } = recalled;
  // While the tools are asked.
  const ahead = timings.measure("read base", () => readBaseAhead(cache, recalled.base));
  const early: Pass = {
    ...pass,
    meanwhile: () => {
      try {
        if (holds(recalled, pass)) meanwhile?.();
      } catch {
        // It is told when compilers have ended.
      }
    },
  };
  try {
    return await prepareFrom(recalled, early, async ({ tools }) => {
      const base = findBase({ source: outline, config: inputs.config, tools, cache }, ahead);
      if (base !== undefined)
        rememberSource(base, inputs.source, { outline, extraVersion, isNew: false });
      return base;
    });
  } catch (error) {
    run.signal?.throwIfAborted();
    // Of another source it says nothing.
    if (holds(recalled, pass)) throw error;
    return undefined;
  }
}

function holds({ outline, extraVersion }: Assumed, { inputs, read }: Pass): boolean {
  return read().digest === outline.digest && inputs.extraVersion === extraVersion;
}

/** `undefined` where something else turns out to be true, or `open` finds no base. */
async function prepareFrom(
  assumed: Assumed,
  pass: Pass,
  open: (run: MakeRun) => Promise<Base | undefined>,
): Promise<PreparedPairs | undefined> {
  const { outline, extraVersion } = assumed;
  const { inputs, timings, cache, asked, read, meanwhile } = pass;
  const { jobs, signal, onProgress = () => {} } = pass.run;
  const { config, architecture, source: folder, patches, hookFiles } = inputs;
  const { pristine = [], earlier = [] } = inputs;
  const applied = timings.measure("apply", () =>
    applyPatches({ folder, source: outline, pristine, earlier, patches }),
  );
  // From here every hunk has its place in the texts.
  const unversioned = await timings.measureAsync("find tools", () => asked);
  const tools = withVendorVersion(unversioned, outline.version, extraVersion);
  const found: MakeRun = { tools, jobs, signal, onProgress, timings };
  const base = await open(found);
  if (base === undefined) return undefined;
  const run: MakeRun = { ...found, tools: seeingBase(tools, base) };
  // From here the unpatched source is as make would compile it.
  const work = makeWorkFolder(join(base.folder, WORKING_COPIES));
  try {
    const paired = await pairUp(
      { base, work: work.path, config, applied, architecture, hookFiles, meanwhile },
      run,
    );
    const source = read();
    if (!holds(assumed, pass)) {
      work[Symbol.dispose]();
      return undefined;
    }
    timings.measure("look again", () =>
      requireUnchanged(
        base,
        source,
        paired.pairs.flatMap(({ dependencies }) => dependencies),
      ),
    );
    // From here the objects are made from this source, whatever became of the cache.
    return {
      ...paired,
      source: {
        release: { major: source.version.major, minor: source.version.minor },
        digest: source.digest,
        differencesFrom: (digest) => differencesFrom(source, digest, cache),
        configDifferences: base.configDifferences,
        compiler: { command: tools.compiler, version: tools.compilerVersion },
        sandbox: tools.sandbox,
      },
      findSymbolUsers: () => findSymbolUsers(base, run),
      compileLibrary: () =>
        run.timings.measureAsync("compile library", () => compileLibrary(base, run)),
      phases: timings.phases,
      removed: removeMeanwhile(work),
    };
  } catch (error) {
    work[Symbol.dispose]();
    throw error;
  }
}
