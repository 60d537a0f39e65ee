// The patched side: a working copy with the patch in it, generated headers made again where the patch
// reaches them, and the objects that make would build now.

import { join } from "node:path";
import { BuildError } from "../build-outcome/build-error.ts";
import type { PatchedFile } from "../source-patch/apply-patch.ts";
import { isBuildRule, isGenerator } from "../source-patch/hunk-kind.ts";
import type { RuleChange } from "../source-patch/hunk-ledger.ts";
import { findCandidates } from "../xen-make/affected.ts";
import { type Base, runMakeOn } from "../xen-make/base.ts";
import {
  askMake,
  commandsOf,
  unpatchedCommands,
  writeMakeFile,
} from "../xen-make/build-commands.ts";
import { type Commands, compareCommands } from "../xen-make/commands.ts";
import {
  filesUsed,
  findOverwritten,
  findRegenerated,
  withoutGenerated,
} from "../xen-make/generated.ts";
import { type CompileUnit, type Listing, parseListing } from "../xen-make/listing.ts";
import type { MakeRun } from "../xen-make/make-run.ts";
import { linkForCompilers, makeWhole } from "../xen-make/objects/compiler-copy.ts";
import { asksForOwnHeaders, writeOwnHeaders } from "../xen-make/own-headers.ts";
import { PREPARE_GOAL } from "../xen-make/recipe.ts";
import { linkTree, replaceFile } from "../xen-make/scratch-tree.ts";
import { isHypervisorSource } from "../xen-make/source-tree.ts";
import { unitsOfPlainFix } from "./plain-fix.ts";

export interface After {
  readonly listing: Listing;
  /** Below `xen/`: headers that are generated differently now. */
  readonly regenerated: readonly string[];
}

export interface PatchedTree extends After {
  /** The working copy. */
  readonly tree: string;
  /** Before make may run there. */
  readonly beforeMake: (() => void) | undefined;
  /** Differences of make's actions, as text. New objects do not count. */
  readonly ruleChanges: readonly RuleChange[];
  /** Objects at another place of the link: what that changes is in them (link-order.ts). */
  readonly moved: readonly CompileUnit[];
}

/** Objects that may differ from those of the unpatched source. */
export interface Affected {
  /** On both sides. */
  readonly units: readonly CompileUnit[];
  /** After the patch only. */
  readonly added: readonly CompileUnit[];
  /** Below `xen/`: code that the patch changes, and headers that are generated differently. */
  readonly changedFiles: readonly string[];
}

export interface PatchedRequest {
  readonly base: Base;
  /** Directory for working copies. */
  readonly work: string;
  /** As the patch has them, by their paths below the source directory. */
  readonly files: ReadonlyMap<string, PatchedFile>;
  /** Whether other objects are made there as well. */
  readonly hasHooks: boolean;
}

/** A working copy with the patched files. @throws BuildError */
export async function makePatchedTree(
  { base, work, files, hasHooks }: PatchedRequest,
  run: MakeRun,
): Promise<PatchedTree> {
  const tree = join(work, "after");
  const { timings } = run;
  const units = hasHooks ? undefined : unitsOfPlainFix(base, files);
  if (units !== undefined)
    return timings.measure("link", () => plainTree(base, tree, files, units));
  timings.measure("link", () => linkPatched(tree, base, files));
  const { commands, remade, ...after } = await timings.measureAsync("regenerate", () =>
    regenerate(base, tree, files, run),
  );
  const whole = { tree, ...after, beforeMake: undefined };
  if (commands === undefined) return { ...whole, ruleChanges: [], moved: [] };
  const before = await timings.measureAsync("list", () => unpatchedCommands(base, work, run));
  const scripts = [...files.keys()].filter(isGenerator);
  const changes = findRuleChanges(base, { before, after: commands, scripts, remade });
  return { ...whole, ...changes };
}

function plainTree(
  base: Base,
  tree: string,
  files: ReadonlyMap<string, PatchedFile>,
  units: readonly CompileUnit[],
): PatchedTree {
  linkForCompilers(base.tree, base.contents, { folder: tree, units });
  writePatched(tree, files);
  const beforeMake = () => makeWhole(base.tree, base.contents, tree);
  const { listing } = base;
  return { tree, listing, regenerated: [], beforeMake, ruleChanges: [], moved: [] };
}

interface MakeSides {
  readonly before: Commands;
  readonly after: Commands;
  /** Generators that the patch changes, as it names them. */
  readonly scripts: readonly string[];
  readonly remade: Regenerated["remade"];
}

function findRuleChanges(
  base: Base,
  { before, after, scripts, remade }: MakeSides,
): Pick<PatchedTree, "ruleChanges" | "moved"> {
  const used = filesUsed(base, [before, after]);
  const { differences, moved } = compareCommands(before, after);
  const units = base.listing.units.filter(({ object }) => moved.has(object));
  const known = new Set(units.map(({ object }) => object));
  const unknown = [...moved].filter((object) => !known.has(object));
  const inOrder = unknown.map((object) => `${object} is linked at another place`);
  const ruleChanges = [
    ...[...differences, ...inOrder].map((what) => ({ what, by: "commands" as const })),
    ...scripts
      .filter((path) => used.has(path.slice("xen/".length)))
      .map((script) => ({ what: `${script} runs when objects are made`, by: { script } })),
    ...remade
      .filter((path) => used.has(path))
      .map((path) => ({
        what: `${path} is generated otherwise, and used when objects are made`,
        by: "generated" as const,
      })),
  ];
  return { ruleChanges, moved: units };
}

export function linkPatched(
  tree: string,
  base: Base,
  files: ReadonlyMap<string, PatchedFile>,
): void {
  const generated = mayReachGenerated(base, files) ? "copied" : "linked";
  // A rule need not name all its dependencies.
  const isAnew = [...files.keys()].some(isBuildRule);
  const contents = isAnew ? withoutGenerated(base) : base.contents;
  // Scripts of the patch may write into what they find: then nothing of the base may be in reach.
  const sources = isAnew ? "copied" : "linked";
  linkTree(base.tree, contents, { folder: tree, generated, sources });
  writePatched(tree, files);
}

/** @param changedCode files that the patch changes, below `xen/` */
export async function findAffected(
  base: Base,
  { listing, regenerated, moved }: Pick<PatchedTree, "listing" | "regenerated" | "moved">,
  changedCode: readonly string[],
  run: MakeRun,
): Promise<Affected> {
  const known = new Set(base.listing.units.map(({ object }) => object));
  const added = listing.units.filter(({ object }) => !known.has(object));
  const changedFiles = [...changedCode, ...regenerated];
  const units = await run.timings.measureAsync("dependencies", () =>
    findCandidates(base, changedFiles, run),
  );
  const others = moved.filter(({ object }) => !units.some((unit) => unit.object === object));
  return { units: [...units, ...others], added, changedFiles };
}

/** Writes the patched files, below `tree`. */
export function writePatched(tree: string, files: ReadonlyMap<string, PatchedFile>): void {
  if ([...files.values()].some(({ after }) => asksForOwnHeaders(after))) writeOwnHeaders(tree);
  for (const [path, { after }] of files) replaceFile(tree, path, after);
}

/** Headers are not generated from sources of objects, but possibly from any other file. */
export function mayReachGenerated(base: Base, files: ReadonlyMap<string, PatchedFile>): boolean {
  const { units, embedded } = base.listing;
  const compiles = [...units.flatMap((unit) => unit.compiles), ...embedded];
  const sources = new Set(compiles.map(({ source }) => `xen/${source}`));
  return [...files.keys()].some((path) => !sources.has(path) && isHypervisorSource(path));
}

interface Regenerated extends After {
  /** Below `xen/`: what is generated differently and is no header. */
  readonly remade: readonly string[];
  /** Of make, where they may be others. */
  readonly commands?: Commands;
}

/** @throws BuildError */
export async function regenerate(
  base: Base,
  tree: string,
  files: ReadonlyMap<string, PatchedFile>,
  run: MakeRun,
): Promise<Regenerated> {
  const { tools, jobs, signal, onProgress } = run;
  let differing: readonly string[] = [];
  if (mayReachGenerated(base, files)) {
    onProgress("generating headers of the patched source");
    writeMakeFile(tree);
    await runMakeOn(tree, [PREPARE_GOAL], { tools, jobs, signal, side: "patched" });
    differing = findRegenerated(base, tree, files.keys());
    if ([...files.keys()].some(isBuildRule)) requireAsPatched(base, tree, files);
  }
  const regenerated = differing.filter((path) => path.endsWith(".h"));
  const remade = differing.filter((path) => !path.endsWith(".h"));
  if (!mayChangeListing(files)) return { listing: base.listing, regenerated, remade };
  onProgress("asking Xen's make files for the commands of the patched build");
  const runs = await askMake(tree, "patched", run);
  const { aliases: known } = base.listing;
  const listing = parseListing({ dryRun: runs.objects, tree, compiler: tools.compiler, known });
  return { listing, regenerated, remade, commands: commandsOf(runs, tree) };
}

/** What objects are made from has to be what the patch says, and its account names. */
function requireAsPatched(base: Base, tree: string, files: ReadonlyMap<string, PatchedFile>): void {
  const [first, ...more] = findOverwritten(base, tree, files.keys());
  if (first === undefined) return;
  throw new BuildError({
    code: "build/bad-patch",
    problem: "Cannot build a payload: what the patch has make run writes into sources",
    where: more.length === 0 ? first : `${first}, and ${more.length} more`,
    expected: "a patch that shows all changes of sources",
  });
}

export function mayChangeListing(files: ReadonlyMap<string, PatchedFile>): boolean {
  return [...files].some(
    ([path, { before, after }]) =>
      isBuildRule(path) || (/\.[cS]$/.test(path) && (before === undefined || after === undefined)),
  );
}
