// From a source, a configuration and patches to pairs of objects, before and after, with the account
// of every file and hunk. The user's folder is read; everything is made in the cache.

import { join } from "node:path";
import { asStorageError } from "../build-outcome/build-error.ts";
import type { Architecture } from "../isa/architecture.ts";
import { cacheFolder, type Environment } from "../parts/cache-folder.ts";
import type { PatchedFile } from "../source-patch/apply-patch.ts";
import { type FileEntry, writeLedger } from "../source-patch/hunk-ledger.ts";
import type { PatchInput } from "../source-patch/patch-file.ts";
import { findCandidates } from "../xen-make/affected.ts";
import { type Base, openBase } from "../xen-make/base.ts";
import type { ConfigDifference } from "../xen-make/config.ts";
import {
  linkTree,
  makeWorkFolder,
  removeMeanwhile,
  removeWorkFolder,
} from "../xen-make/scratch-tree.ts";
import { readSourceTree, type SourceTree } from "../xen-make/source-tree.ts";
import { type Phase, Timings } from "../xen-make/timings.ts";
import { findMakeTools, type MakeTools } from "../xen-make/tools.ts";
import { compareListings, mayReachGenerated, regenerate, writePatched } from "./after.ts";
import { type AppliedPatches, applyPatches } from "./apply.ts";
import { type CompiledSides, compileSides } from "./compile.ts";
import { type BuiltFacts, belowXen, kindOf, ledgerFacts } from "./ledger.ts";
import { markLeftOut } from "./left-out-hunks.ts";
import { compileLevels } from "./levels.ts";
import { type FileLines, linesOf, neutralizeFiles } from "./lines.ts";
import type { ObjectPair } from "./object-pair.ts";
import { findSymbolUsers, type SymbolUsers } from "./symbol-users.ts";

export interface PairsRequest {
  /** Top folder of Xen's source. */
  readonly source: string;
  readonly config: { readonly name: string; readonly text: string };
  /** In the order in which they are applied. */
  readonly patches: readonly PatchInput[];
  /** Patches of the payloads that the new one is to lie on, the lowest first. */
  readonly earlier?: readonly (readonly PatchInput[])[] | undefined;
  readonly architecture: Architecture;
  /** As `CC` of make; gcc if undefined. */
  readonly compiler: string | undefined;
  readonly jobs: number;
  /** Asked for already; what it takes from the other options otherwise. */
  readonly tools?: Promise<MakeTools> | undefined;
  /** `meanwhile`: the caller waits for `removed` himself, at the end of his own work. */
  readonly removal?: "awaited" | "meanwhile";
  /** Called when make compiles the last objects: there is time for work that needs none of them. */
  readonly meanwhile?: () => void;
  /** Of the whole of which this is a part. */
  readonly timings?: Timings;
  /** The cache of xSplice, and where programs are found; its defaults are the user's own. */
  readonly cache?: string;
  readonly environment?: Environment;
  readonly onProgress?: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface PreparedPairs {
  readonly pairs: readonly ObjectPair[];
  readonly ledger: readonly FileEntry[];
  /** Of each changed file of code, by its path below `xen/`. */
  readonly lines: Readonly<Record<string, FileLines>>;
  /** Of each changed file that is built from, by its path below `xen/`. */
  readonly texts: ReadonlyMap<string, PatchedFile>;
  readonly contributions: AppliedPatches["contributions"];
  readonly moved: AppliedPatches["moved"];
  /** Of the unpatched source; may take as long as compiling all of it. */
  readonly findSymbolUsers: () => Promise<SymbolUsers>;
  readonly configDifferences: readonly ConfigDifference[];
  readonly compiler: { readonly command: string; readonly version: string };
  readonly release: SourceTree["version"];
  /** SHA-256 of the source, in hex. */
  readonly sourceDigest: string;
  readonly phases: readonly Phase[];
  /** When the working copy is gone; what a process leaves that does not wait, the next one removes. */
  readonly removed: Promise<void>;
}

/** @throws BuildError, PartsError; the reason of `signal` */
export async function preparePairs(request: PairsRequest): Promise<PreparedPairs> {
  const cache = request.cache ?? cacheFolder(request.environment);
  try {
    const prepared = await prepare({ ...request, cache });
    if (request.removal !== "meanwhile") await prepared.removed;
    return prepared;
  } catch (error) {
    throw asStorageError(error, cache);
  }
}

async function prepare(request: PairsRequest & { cache: string }): Promise<PreparedPairs> {
  const { timings = new Timings() } = request;
  const asked = request.tools ?? findMakeTools(request);
  asked.catch(() => {}); // It is told when it is waited for, unless something else is wrong first.
  const source = timings.measure("read source", () => readSourceTree(request.source));
  const { source: folder, patches, earlier = [] } = request;
  const applied = timings.measure("apply", () =>
    applyPatches({ folder, source, earlier, patches }),
  );
  const tools = await timings.measureAsync("find tools", () => asked);
  const { config, cache, jobs, signal, onProgress = () => {} } = request;
  const context = { tools, cache, jobs, signal, onProgress, timings };
  const base = await openBase({ ...context, source, config });
  const work = makeWorkFolder(join(base.folder, "work"));
  try {
    const prepared = await prepareIn(work, { ...request, ...context, base, applied });
    const { version: release, digest: sourceDigest } = source;
    return { ...prepared, release, sourceDigest, removed: removeMeanwhile(work) };
  } catch (error) {
    removeWorkFolder(work);
    throw error;
  }
}

type PrepareInput = Pick<PairsRequest, "architecture"> &
  Omit<BuildInput, "isCode" | "work" | keyof AppliedPatches> & {
    readonly applied: AppliedPatches;
    readonly cache: string;
  };

async function prepareIn(
  work: string,
  request: PrepareInput,
): Promise<Omit<PreparedPairs, "release" | "sourceDigest" | "removed">> {
  const { base, applied, architecture, tools, signal, timings } = request;
  const kind = (path: string) => kindOf(path, architecture).kind;
  const isCode = (path: string) => kind(path) === "code";
  // What is refused is not built: a setting or a generator would change every object.
  const isCarried = (path: string) => isCode(path) || kind(path) === "make-file";
  const carried = carriedOnly(applied, isCarried);
  const sides = await build({ ...request, ...carried, work, isCode });
  const { moved, contributions } = applied;
  const facts = ledgerFacts(base, sides, { architecture, moved });
  const written = writeLedger(applied.patches, facts);
  const ledger = await timings.measureAsync("left out", () =>
    markLeftOut(written, {
      base,
      tools,
      signal,
      patches: applied.patches,
      files: carried.files,
    }),
  );
  if (sides.failure !== undefined) {
    // What stands in the ledger already explains why: a part that cannot be carried was needed.
    if (!ledger.some(({ outcome }) => outcome.kind === "refused")) throw sides.failure;
  }
  return {
    pairs: sides.pairs,
    ledger,
    lines: sides.lines,
    contributions,
    moved,
    findSymbolUsers: () => findSymbolUsers(request),
    texts: new Map([...carried.files].map(([path, texts]) => [belowXen(path), texts])),
    configDifferences: base.configDifferences,
    compiler: { command: tools.compiler, version: tools.compilerVersion },
    phases: timings.phases,
  };
}

/** Without files that no object is made from, or that cannot be carried. */
function carriedOnly(
  { files, changed, levels }: AppliedPatches,
  isCarried: (path: string) => boolean,
): Pick<AppliedPatches, "files" | "changed" | "levels"> {
  const cut = (all: ReadonlyMap<string, PatchedFile>) =>
    new Map([...all].filter(([path]) => isCarried(path)));
  return {
    files: cut(files),
    changed: new Set([...changed].filter(isCarried)),
    levels: levels.map((level) => ({ ...level, files: cut(level.files) })),
  };
}

interface BuildInput extends Pick<AppliedPatches, "files" | "changed" | "levels"> {
  readonly base: Base;
  readonly work: string;
  /** By the path below the source folder. */
  readonly isCode: (path: string) => boolean;
  readonly tools: MakeTools;
  readonly jobs: number;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (text: string) => void;
  readonly timings: Timings;
  readonly meanwhile?: PairsRequest["meanwhile"] | undefined;
}

type BuiltSides = CompiledSides & BuiltFacts & Pick<PreparedPairs, "lines">;

async function build(input: BuildInput): Promise<BuiltSides> {
  const { base, files, levels, work, timings } = input;
  const tree = join(work, "after");
  timings.measure("link", () => {
    const generated = mayReachGenerated(base, files) ? "copied" : "linked";
    linkTree(base.tree, base.contents, { folder: tree, generated });
    writePatched(tree, files);
  });
  const after = await timings.measureAsync("regenerate", () =>
    regenerate(base, tree, files, input),
  );
  const { added, changed } = compareListings(base.listing, after.listing);
  const ownCode = [...input.changed].filter(input.isCode).map(belowXen);
  const changedFiles = [...ownCode, ...after.regenerated];
  const candidates = await timings.measureAsync("dependencies", () =>
    findCandidates(base, changedFiles, input),
  );
  const { regions, treated } = timings.measure("lines", () => neutralizeFiles(tree, files));
  const compiled = await compileSides({
    ...input,
    units: candidates,
    added,
    tree,
    changedFiles,
    aliases: after.listing.aliases,
    neutral: treated,
    restorePlain: () => writePatched(tree, files),
  });
  const names = compiled.pairs.map(({ object }) => object);
  const below = levels.length === 0 ? undefined : await compileLevels({ ...input, objects: names });
  const pairs = compiled.pairs.map((pair): ObjectPair => {
    const made = below?.get(pair.object);
    if (made === undefined) return pair;
    const all = made.map((object) => object?.bytes);
    return { ...pair, before: all.at(-1), levels: all };
  });
  const lines = linesOf(input, { regions, treated, wasNeutral: compiled.wasNeutral });
  const { regenerated } = after;
  return { ...compiled, pairs, lines, added, changedRules: changed.length > 0, regenerated };
}
