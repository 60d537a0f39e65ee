// The prepared base of all builds from one source, configuration and compiler: a copy of the source
// with everything in place that Xen's make generates before the first object. It lies in the cache
// under a key of all its inputs, is made once, and never changes afterwards. Whatever interrupts the
// making leaves nothing half done.

import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { BuildError, requireUsablePlace } from "../build-outcome/build-error.ts";
import { makeWhole } from "../files/make-whole.ts";
import { readKept } from "../files/read-kept.ts";
import type { Described } from "../json/decode-json.ts";
import { withLock } from "../parts/lock.ts";
import { compareConfigs, configDifferenceSchema, parseConfig } from "./config.ts";
import { evictBases, markUsed } from "./evict-bases.ts";
import { includesSchema, isTextOfCode, readIncludes } from "./headers/source-includes.ts";
import { requireXenConfig } from "./inputs/require-config.ts";
import { makeLinks, readLinks } from "./listing/tree-links.ts";
import { listingSchema, parseListing } from "./listing.ts";
import { LIST_GOAL, MAKE_FILE, makeFileFor, PREPARE_GOAL } from "./recipe.ts";
import { errorsOf, type MakeRequest, type MakeResult, runMake } from "./run.ts";
import { requireMade } from "./sandbox/made-file.ts";
import { alsoReading } from "./sandbox/sandbox.ts";
import { contentsSchema, nameFinalPlace, readTreeContents, writeSources } from "./scratch-tree.ts";
import type { SourceTree } from "./source-tree.ts";
import type { Timings } from "./timings.ts";
import type { MakeTools } from "./tools.ts";
import { digestsOf } from "./unchanged-base.ts";

const stampSchema = v.object({
  contents: contentsSchema,
  listing: listingSchema,
  includes: includesSchema,
  configDifferences: v.array(configDifferenceSchema),
  /** Of generated files. */
  digests: v.record(v.string(), v.string()),
});
type Stamp = Described<typeof stampSchema>;

export interface Base extends Stamp {
  /** Holds `tree`, and what later builds keep. */
  readonly folder: string;
  /** The prepared copy. */
  readonly tree: string;
}

export interface BaseRequest {
  readonly source: SourceTree;
  readonly config: { readonly name: string; readonly text: string };
  readonly tools: MakeTools;
  /** The whole cache of xSplice. */
  readonly cache: string;
  readonly jobs: number;
  readonly timings: Timings;
  readonly onProgress: (text: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Of what lies in the cache: another number, and it is made again. */
const FORMAT = 6;
const STAMP = "base.json";
const stampFileSchema = v.object({ format: v.literal(FORMAT), ...stampSchema.entries });

/**
 * One that is there; of the source, only its digest counts. `ahead` has been read already, perhaps for nothing.
 * @throws BuildError build/bad-config
 */
export function findBase(
  {
    source,
    config,
    tools,
    cache,
  }: Pick<BaseRequest, "config" | "tools" | "cache"> & {
    readonly source: Pick<SourceTree, "digest">;
  },
  ahead?: Base,
): Base | undefined {
  requireXenConfig(config, tools);
  const folder = join(basesIn(cache), keyOf(source, config.text, tools));
  markUsed(folder);
  return ahead?.folder === folder ? ahead : readStamp(folder);
}

/** Before it is known whether it is the one that a build needs. */
export function readBaseAhead(cache: string, name: string): Base | undefined {
  const folder = join(basesIn(cache), name);
  // First, so that nobody removes it meanwhile.
  markUsed(folder);
  return readStamp(folder);
}

/** @throws BuildError */
export async function openBase(request: BaseRequest): Promise<Base> {
  const { source, config, tools, cache, signal } = request;
  const known = findBase(request);
  if (known !== undefined) return known;
  requireUsablePlace(cache);
  const bases = basesIn(cache);
  const key = keyOf(source, config.text, tools);
  const folder = join(bases, key);
  const make = async (): Promise<Base> => {
    // Another process may have been faster while this one waited.
    if (readStamp(folder) === undefined) await makeBase(request, folder);
    markUsed(folder);
    const made = readStamp(folder);
    if (made === undefined) throw new Error(`Bug in xsplice: ${folder} was not stamped`);
    return made;
  };
  const made = await withLock(cache, `build-${key}`, make, signal);
  evictBases(bases, key);
  return made;
}

/** Tools for a working copy of a base: headers that Xen up to 4.16 generates name the base by its path. */
export function seeingBase(tools: MakeTools, { tree }: Pick<Base, "tree">): MakeTools {
  return { ...tools, sandbox: alsoReading(tools.sandbox, tree) };
}

/** Where a cache has its bases. */
export function basesIn(cache: string): string {
  return join(cache, "build");
}

/** The source in the directory of a base. */
export function treeOf(folder: string): string {
  return join(folder, "tree");
}

/** Flags that the objects get besides Xen's own; a part of the base's key. */
export function extraFlagsFor(tree: string): string {
  return [
    // For the layout of types. It moves no code: a test compares.
    "-g",
    "-ffunction-sections",
    "-fdata-sections",
    `-ffile-prefix-map=${tree}/xen=.`,
    ...asmFlags(tree),
  ].join(" ");
}

/**
 * Up to 4.16 headers are included through a link, include/asm: debug information then names the files
 * themselves, as patches do. The last flag that fits counts.
 */
function asmFlags(tree: string): readonly string[] {
  const link = join(tree, "xen/include/asm");
  if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return [];
  return [`-ffile-prefix-map=${link}/=./include/${readlinkSync(link)}/`];
}

function keyOf(source: Pick<SourceTree, "digest">, config: string, tools: MakeTools): string {
  const hash = createHash("sha256");
  // Where python lies does not matter to what it writes.
  const variables = tools.variables.filter((variable) => !variable.startsWith("PYTHON="));
  const inputs = [FORMAT, source.digest, config, variables, tools.compilerVersion];
  return hash
    .update(JSON.stringify([...inputs, extraFlagsFor("")]))
    .digest("hex")
    .slice(0, 32);
}

async function makeBase(request: BaseRequest, folder: string): Promise<void> {
  await makeWhole(folder, async (unfinished) => {
    mkdirSync(unfinished, { mode: 0o700 });
    const stamp = await prepareTree(request, treeOf(unfinished));
    nameFinalPlace(treeOf(unfinished), stamp.contents, treeOf(folder));
    const digests = digestsOf(treeOf(unfinished), stamp.contents);
    writeFileSync(join(unfinished, STAMP), JSON.stringify({ format: FORMAT, ...stamp, digests }));
  });
}

async function prepareTree(request: BaseRequest, tree: string): Promise<Omit<Stamp, "digests">> {
  const { source, config, tools, timings, onProgress } = request;
  const xen = join(tree, "xen");
  onProgress("copying the source of the hypervisor");
  timings.measure("copy", () => {
    writeSources(source.files, tree);
    writeFileSync(join(xen, ".config"), config.text);
    writeFileSync(join(tree, MAKE_FILE), makeFileFor(readFileSync(join(xen, "Makefile"), "utf8")));
  });
  const make = (goals: readonly string[], flags: readonly string[], jobs = request.jobs) =>
    runMakeOn(tree, goals, { tools, flags, jobs, signal: request.signal });
  onProgress("configuring");
  await timings.measureAsync("configure", () => make(["olddefconfig"], []));
  const used = requireMade(join(xen, ".config"), "xen/.config").toString("utf8");
  const configDifferences = compareConfigs(config.text, used);
  onProgress("generating headers, as Xen's make files do before the first object");
  await timings.measureAsync("generate", () => make([PREPARE_GOAL], []));
  onProgress("asking Xen's make files for every command of the build");
  const dryRun = await timings.measureAsync("list", () => make([LIST_GOAL], ["--dry-run"], 1));
  const known = readLinks(xen);
  const { compiler } = tools;
  const listing = parseListing({ dryRun: dryRun.stdout, tree, compiler, known });
  return timings.measure("scan", () => {
    makeLinks(xen, listing.aliases);
    const texts = source.files.filter(({ path }) => isTextOfCode(path));
    const paths = new Set(source.files.map(({ path }) => path));
    const contents = readTreeContents(tree, paths, notNeededFor(tools.variables));
    const includes = readIncludes(texts, parseConfig(used));
    return { contents, listing, includes, configDifferences };
  });
}

/**
 * Directories that no object of the architecture is made from: a working copy goes without. Below
 * include/config/ lies one empty file for each setting, which make compares by its time, where there is
 * one (`$(wildcard ...)`, xen/tools/fixdep.c).
 */
function notNeededFor(variables: readonly string[]): RegExp {
  const settings = "include/config/[^/.]+|tools/kconfig/(tests|lxdialog)";
  const others = variables.includes("XEN_TARGET_ARCH=arm64") ? "x86|riscv|ppc" : "arm|riscv|ppc";
  return new RegExp(`^xen/(test|${settings}|(arch/|include/asm-)(${others}))(/|$)`);
}

/** `undefined` when it has not been made yet. */
function readStamp(folder: string): Base | undefined {
  const stamp = readKept(join(folder, STAMP), stampFileSchema);
  return stamp && { ...stamp, folder, tree: treeOf(folder) };
}

/**
 * One of our goals, or one of Xen's, on a copy of the source. Deliberately without our own flags:
 * they have the copy's path in them, and make would generate all headers again in every copy.
 * @throws BuildError build/make-failed, build/compile-failed
 */
export async function runMakeOn(
  tree: string,
  goals: readonly string[],
  run: Pick<MakeRequest, "tools" | "flags" | "jobs" | "signal"> & {
    readonly side?: "unpatched" | "patched";
  },
): Promise<MakeResult> {
  const own = goals.some((goal) => goal.startsWith("xsplice-"));
  const makeFile = own ? { makeFile: `../${MAKE_FILE}` } : {};
  const result = await runMake({ tree, goals, ...run, ...makeFile });
  if (result.exitCode === 0) return result;
  const isPatched = run.side === "patched";
  throw new BuildError({
    code: isPatched ? "build/compile-failed" : "build/make-failed",
    problem: `Cannot prepare a build${isPatched ? " of the patched source" : ""}: Xen's make ended with ${result.exitCode} at "${goals.join(" ")}"`,
    where: errorsOf(result),
    expected: isPatched
      ? "a patch after which the source still builds"
      : "a source that builds with this compiler and this configuration",
  });
}
