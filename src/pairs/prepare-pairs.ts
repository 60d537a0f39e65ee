// From a source, a configuration and patches to pairs of objects, before and after, with the account
// of every file and hunk. The user's directory is read; everything is made in the cache. preparePairs()
// opens what both sides are made from; pairUp() is the list of passes over it.

import { join } from "node:path";
import { asStorageError } from "../build-outcome/build-error.ts";
import { cacheFolder } from "../parts/cache-folder.ts";
import { type FileEntry, writeLedger } from "../source-patch/hunk-ledger.ts";
import { type Base, openBase, seeingBase } from "../xen-make/base.ts";
import { withVendorVersion } from "../xen-make/inputs/vendor-version.ts";
import { differencesFrom } from "../xen-make/known-sources.ts";
import type { MakeRun } from "../xen-make/make-run.ts";
import { makeWorkFolder, removeMeanwhile, WORKING_COPIES } from "../xen-make/scratch-tree.ts";
import { readSourceTree } from "../xen-make/source-tree.ts";
import { Timings } from "../xen-make/timings.ts";
import { findMakeTools } from "../xen-make/tools.ts";
import { requireUnchanged } from "../xen-make/unchanged-base.ts";
import { findAffected, makePatchedTree } from "./after.ts";
import { type AppliedPatches, applyPatches, carriedOnly } from "./apply.ts";
import { isRefusedBeforehand, requireSandbox, rulesIn } from "./beforehand.ts";
import { type CompiledSides, compileSides } from "./compile.ts";
import { placeHookFiles } from "./hook-files.ts";
import { belowXen, kindOf, ledgerFacts, noChanges } from "./ledger.ts";
import { markLeftOut } from "./left-out-hunks.ts";
import { pairWithLevels } from "./levels.ts";
import { compileLibrary } from "./library.ts";
import { linesOf, neutralizeFiles } from "./lines.ts";
import { ordersThatCount } from "./link-order.ts";
import type { PairsInputs, PairsRequest, PreparedPairs } from "./prepared-pairs.ts";
import { findSettingChanges } from "./settings.ts";
import { findSymbolUsers } from "./symbol-users.ts";
import { leaveUnbuilt } from "./unbuilt.ts";

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
  const { config, architecture, source: folder, patches, earlier = [], hookFiles } = request.inputs;
  const { jobs, signal, onProgress = () => {} } = request.run;
  const { timings = new Timings(), meanwhile } = request.within ?? {};
  const asked = request.within?.tools ?? findMakeTools({ ...request.run, architecture });
  asked.catch(() => {}); // It is told when it is waited for, unless something else is wrong first.
  const source = timings.measure("read source", () => readSourceTree(folder));
  const applied = timings.measure("apply", () =>
    applyPatches({ folder, source, earlier, patches }),
  );
  // From here every hunk has its place in the texts.
  const { extraVersion } = request.inputs;
  const unversioned = await timings.measureAsync("find tools", () => asked);
  const tools = withVendorVersion(unversioned, source.version, extraVersion);
  const found: MakeRun = { tools, jobs, signal, onProgress, timings };
  const base = await openBase({ ...found, cache, source, config });
  const run: MakeRun = { ...found, tools: seeingBase(tools, base) };
  // From here the unpatched source is as make would compile it.
  const work = makeWorkFolder(join(base.folder, WORKING_COPIES));
  try {
    const paired = await pairUp(
      { base, work: work.path, config, applied, architecture, hookFiles, meanwhile },
      run,
    );
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

interface PairUpRequest extends Pick<PairsInputs, "architecture" | "config"> {
  readonly hookFiles: PairsInputs["hookFiles"];
  readonly base: Base;
  /** Directory for working copies. */
  readonly work: string;
  readonly applied: AppliedPatches;
  readonly meanwhile: (() => void) | undefined;
}

async function pairUp(
  request: PairUpRequest,
  run: MakeRun,
): Promise<Pick<PreparedPairs, "pairs" | "account" | "changes">> {
  const { base, work, config, applied, architecture, meanwhile } = request;
  const kindOfPath = (path: string) => kindOf(path, architecture).kind;
  const isCode = (path: string) => kindOfPath(path) === "code";
  const rulesOfFix = rulesIn(request);
  if (rulesOfFix.length > 0) {
    // Their text is what make would run: first every file is taken, by its name and its text.
    if (isRefusedBeforehand(request)) return leaveUnbuilt(request, noChanges);
    requireSandbox(run.tools.sandbox, rulesOfFix);
  }
  // From here what the patch brings may run.
  const settings = rulesOfFix.some((path) => applied.changed.has(path))
    ? await run.timings.measureAsync("configure", () =>
        findSettingChanges({ base, work, config, files: applied.files }, run),
      )
    : [];
  if (settings.length > 0) return leaveUnbuilt(request, { settings, rules: [] });
  // From here the configuration is as it was.
  const carried = carriedOnly(applied, (path) =>
    /^(code|make-file|generator)$/.test(kindOfPath(path)),
  );
  const { files, levels } = carried;
  const { patches, moved, contributions } = applied;
  // From here only files are left that objects are made from, or that affect how they are made.
  const after = await makePatchedTree(work, base, files, run);
  const { regenerated, ruleChanges: rules } = after;
  if (rules.length > 0) return leaveUnbuilt(request, { settings, rules });
  // From here make makes each object of before in the same way; there may be more of them.
  const changedCode = [...carried.changed].filter(isCode).map(belowXen);
  const affected = await findAffected(base, after, changedCode, run);
  // From here it is known which objects may differ.
  const neutral = run.timings.measure("lines", () => neutralizeFiles(after.tree, files));
  const hookUnits = placeHookFiles(after.tree, base, request.hookFiles ?? []);
  const toCompile = { base, work, affected, after, hookUnits, files, neutral, meanwhile };
  const sides = await compileSides(toCompile, run);
  const reordered = new Set(after.moved.map(({ object }) => object));
  const orders = ordersThatCount(sides.pairs, reordered);
  if (orders.length > 0) return leaveUnbuilt(request, { settings, rules: orders });
  // From here the order of the link is one that a running hypervisor does not show.
  const pairs = await pairWithLevels(sides.pairs, { base, work, levels, isCode }, run);
  // From here each object that depends on a changed file is there, before and after.
  const changes = { settings, rules };
  const isReordered = reordered.size > 0;
  const built = { ...sides, ...affected, regenerated, changes, isCompiled: true, isReordered };
  const facts = ledgerFacts(base, built, { architecture, applied });
  const ledger = await run.timings.measureAsync("left out", () =>
    markLeftOut(writeLedger(patches, facts), { base, patches, files, run }),
  );
  // From here every file and hunk has its objects or its reason.
  requireExplained(sides, ledger);
  return {
    pairs,
    account: { ledger, moved },
    changes: {
      lines: linesOf(carried, { ...neutral, wasNeutral: sides.wasNeutral }),
      texts: belowXenOf(files),
      levels: levels.map((level) => belowXenOf(level.files)),
      contributions,
    },
  };
}

function belowXenOf<Value>(files: ReadonlyMap<string, Value>): ReadonlyMap<string, Value> {
  return new Map([...files].map(([path, value]) => [belowXen(path), value]));
}

/** What stands in the ledger already explains a failure: a part that cannot be carried was needed. */
function requireExplained({ failure }: CompiledSides, ledger: readonly FileEntry[]): void {
  if (failure === undefined) return;
  if (!ledger.some(({ outcome }) => outcome.kind === "refused")) throw failure;
}
