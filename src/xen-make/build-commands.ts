// Asks Xen's own make, by dry runs, what it would do from the first object to the linked hypervisor:
// of a working copy, and of the unpatched source, once for each base.

import { join } from "node:path";
import * as v from "valibot";
import { readKept } from "../files/read-kept.ts";
import { writeWhole } from "../files/write-whole.ts";
import { type Base, runMakeOn } from "./base.ts";
import { type Commands, readCommands } from "./commands.ts";
import type { MakeRun } from "./make-run.ts";
import { LINK_GOAL, LIST_GOAL, MAKE_FILE, makeFileFor, prelinkOf } from "./recipe.ts";
import { runMake } from "./run.ts";
import { requireMade } from "./sandbox/made-file.ts";
import { linkTree, replaceFile } from "./scratch-tree.ts";

/** What make would print, as it is. */
export interface DryRuns {
  /** Of all objects, up to what is linked of them. */
  readonly objects: string;
  /** Of the link of the hypervisor. */
  readonly link: string;
}

const keptSchema = v.object({ objects: v.string(), link: v.string() });

/**
 * Our goals, of the rule that the make files of a working copy have.
 * @throws BuildError build/no-source-tree
 */
export function writeMakeFile(tree: string): void {
  replaceFile(tree, MAKE_FILE, makeFileFor(makefileOf(tree)));
}

/** One byte a character, as it is written again. */
function makefileOf(tree: string): string {
  return requireMade(join(tree, "xen/Makefile"), "xen/Makefile").toString("latin1");
}

/**
 * Of a working copy whose headers are generated.
 * @throws BuildError build/make-failed, build/compile-failed
 */
export async function askMake(
  tree: string,
  side: "unpatched" | "patched",
  { tools, signal }: MakeRun,
): Promise<DryRuns> {
  writeMakeFile(tree);
  const run = { tools, jobs: 1, signal };
  const objects = await runMakeOn(tree, [LIST_GOAL], { ...run, flags: ["--dry-run"], side });
  // The rule of the link asks whether it is there.
  const architecture = tools.variables.includes("XEN_TARGET_ARCH=arm64") ? "arm" : "x86";
  replaceFile(tree, `xen/${prelinkOf(makefileOf(tree), architecture)}`, "");
  const link = await runMake({
    ...run,
    tree,
    goals: [LINK_GOAL],
    makeFile: `../${MAKE_FILE}`,
    // What the link generates on its way is not there for the commands that follow.
    flags: ["--dry-run", "--ignore-errors"],
  });
  return { objects: objects.stdout, link: link.stdout };
}

export function commandsOf({ objects, link }: DryRuns, tree: string): Commands {
  return readCommands(`${objects}\n${link}`, tree);
}

/** Of the unpatched source. `work` is a directory for working copies. @throws BuildError build/make-failed */
export async function unpatchedCommands(base: Base, work: string, run: MakeRun): Promise<Commands> {
  const place = join(base.folder, "commands.json");
  const known = readKept(place, keptSchema);
  if (known !== undefined) return commandsOf(known, "");
  run.onProgress("asking Xen's make files for the commands of the unpatched build");
  const tree = join(work, "commands");
  linkTree(base.tree, base.contents, { folder: tree, generated: "copied" });
  const runs = await askMake(tree, "unpatched", run);
  const kept = {
    objects: runs.objects.replaceAll(tree, ""),
    link: runs.link.replaceAll(tree, ""),
  };
  writeWhole(place, JSON.stringify(kept));
  return commandsOf(kept, "");
}
