// The account of a patch: what became of each of its files and hunks. Nothing of a patch may be
// missing here, and nothing is dropped without a reason that stands here.

import type { MovedHunk } from "./apply-patch.ts";
import type { FileKind } from "./hunk-kind.ts";
import { alsoBuiltInto } from "./hunk-kind.ts";
import { type FilePatch, type Hunk, pathOf } from "./patch-file.ts";

type Outcome =
  /** What becomes of it in these objects is for the comparison to say. */
  | { readonly kind: "compiled"; readonly objects: readonly string[] }
  | { readonly kind: "not-in-configuration"; readonly reason: string }
  | { readonly kind: "not-hypervisor"; readonly component: string }
  /** Nothing was, since a part of the patch is refused that the others need, or that changes the build. */
  | { readonly kind: "not-built" }
  /** A fix with such a part cannot be live patched. */
  | { readonly kind: "refused"; readonly reason: string; readonly remedy: string };

export interface FileEntry {
  readonly patch: string;
  readonly file: string;
  readonly outcome: Outcome;
  /** What needs an update besides the hypervisor. */
  readonly besides: string | undefined;
  /** As the patch has them, and how far from there each was found. */
  readonly hunks: readonly string[];
  /** Those of `hunks` of which no object has a line in this configuration, if any. */
  readonly leftOut?: readonly string[] | undefined;
}

export interface LedgerFacts {
  readonly kindOf: (path: string) => FileKind;
  /** Objects whose dependencies name the file, before or after the patch. */
  readonly objectsOf: (path: string) => readonly string[];
  /** Why a file of this name cannot be carried, found out by building. */
  readonly refusalOf: (path: string) => string | undefined;
  /** The line of a changed make file or Kconfig file that can run a command while the file is only read. */
  readonly commandIn: (path: string) => string | undefined;
  /** New objects that make files bring. */
  readonly addedObjects: readonly string[];
  /** Settings of the configuration that have other values, in words; then nothing was compiled. */
  readonly settingChanges: readonly string[];
  /** What make would do otherwise than before, in words; then nothing was compiled. */
  readonly ruleChanges: readonly RuleChange[];
  /** Whether objects are linked in another order, of which a running hypervisor shows nothing. */
  readonly isReordered: boolean;
  /** Whether the patched source was compiled. */
  readonly isBuilt: boolean;
  /** Of a hunk that is not where it says, or whose context differs. */
  readonly movedHunk: (hunk: Hunk) => MovedHunk | undefined;
}

export interface RuleChange {
  readonly what: string;
  /** Of make's own commands; of a file that is generated; of a script of the patch, by its path. */
  readonly by: "commands" | "generated" | { readonly script: string };
}

export function writeLedger(patches: readonly FilePatch[], facts: LedgerFacts): FileEntry[] {
  const hasMakeFile = patches.some((patch) => facts.kindOf(pathOf(patch)).kind === "make-file");
  return patches.map((patch) => {
    const file = pathOf(patch);
    return {
      patch: patch.patch,
      file,
      outcome: outcomeOf(patch, facts, hasMakeFile),
      besides: alsoBuiltInto(file),
      hunks: patch.hunks.map((hunk) => placeOf(hunk, facts.movedHunk(hunk))),
    };
  });
}

function placeOf({ header }: Hunk, moved: MovedHunk | undefined): string {
  if (moved === undefined) return header;
  const found = moved.lines === 0 ? [] : [`found ${distanceInWords(moved.lines)}`];
  const ignored = ignoredInWords(moved);
  return [header, ...found, ...(ignored === undefined ? [] : [`without ${ignored}`])].join(", ");
}

/** `1 line of context before it and 2 after it` */
export function ignoredInWords({ ignored }: Pick<MovedHunk, "ignored">): string | undefined {
  const { before, after } = ignored;
  if (before + after === 0) return undefined;
  const lines = (count: number) => `${count} line${count === 1 ? "" : "s"} of context`;
  if (after === 0) return `${lines(before)} before it`;
  if (before === 0) return `${lines(after)} after it`;
  return `${lines(before)} before it and ${after} after it`;
}

/** `2 lines below`, `1 line above` */
export function distanceInWords(lines: number): string {
  const count = Math.abs(lines);
  return `${count} line${count === 1 ? "" : "s"} ${lines > 0 ? "below" : "above"}`;
}

function outcomeOf(patch: FilePatch, facts: LedgerFacts, hasMakeFile: boolean): Outcome {
  const path = pathOf(patch);
  const kind = facts.kindOf(path);
  switch (kind.kind) {
    case "not-hypervisor":
      return kind;
    case "other-architecture":
      return notInConfiguration("it is for another architecture");
    case "refused":
      return refused(kind.reason);
    case "make-file":
      return ruleOutcome(patch, facts, {
        made: facts.addedObjects,
        isOfCommands: true,
        nothing: facts.isReordered
          ? "Xen's make makes the same objects with it, and links them in another order, which is in no list of the running hypervisor"
          : "Xen's make makes the same objects by the same commands with it",
      });
    case "generator":
      return ruleOutcome(patch, facts, {
        made: [],
        // A script may tell make what to do.
        isOfCommands: !hasMakeFile,
        nothing: "all that is generated stays as it is with it",
      });
    case "configuration":
      return configurationOutcome(patch, facts);
    case "code":
      return codeOutcome(patch, path, facts);
  }
}

function codeOutcome(patch: FilePatch, path: string, facts: LedgerFacts): Outcome {
  if (patch.kind === "binary") return refused("a binary patch of a source file");
  if (patch.kind === "mode") return notInConfiguration("only the mode of the file changes");
  const reason = facts.refusalOf(path);
  if (reason !== undefined) return refused(reason);
  const paths = [patch.oldPath, patch.newPath].filter((name) => name !== undefined);
  const objects = [...new Set(paths.flatMap((name) => facts.objectsOf(name)))].sort();
  if (objects.length > 0) return { kind: "compiled", objects };
  if (!facts.isBuilt) return { kind: "not-built" };
  return notInConfiguration("no object of the hypervisor depends on it");
}

function configurationOutcome(
  patch: FilePatch,
  { settingChanges, commandIn }: LedgerFacts,
): Outcome {
  if (patch.kind === "binary") return refused("a binary patch of a source file");
  const command = commandIn(pathOf(patch));
  if (command !== undefined) return refused(runsCommand(command));
  if (settingChanges.length > 0) return otherSettings(settingChanges);
  return notInConfiguration("every setting of the configuration stays as it is with it");
}

function otherSettings(changes: readonly string[]): Outcome {
  return refused(`the patch changes the configuration of all objects: ${listed(changes)}`);
}

/** What a command prints may differ from day to day; and nobody has decided yet to run this patch. */
function runsCommand(line: string): string {
  return `the patch can run a command as soon as the file is read: ${line}`;
}

interface RuleFile {
  readonly made: readonly string[];
  /** Whether it is the reason when make's commands are others. */
  readonly isOfCommands: boolean;
  /** Of one that changes nothing. */
  readonly nothing: string;
}

function ruleOutcome(
  patch: FilePatch,
  facts: LedgerFacts,
  { made, nothing, isOfCommands }: RuleFile,
): Outcome {
  if (patch.kind === "binary") return refused("a binary patch of a source file");
  const command = facts.commandIn(pathOf(patch));
  if (command !== undefined) return refused(runsCommand(command));
  if (facts.settingChanges.length > 0) return otherSettings(facts.settingChanges);
  const changes = facts.ruleChanges.filter(({ by }) =>
    typeof by === "string" ? by === "generated" || isOfCommands : by.script === pathOf(patch),
  );
  if (changes.length > 0) {
    const sentences = changes.map(({ what }) => what);
    return refused(`the patch changes how the hypervisor is built: ${listed(sentences)}`);
  }
  const objects = [...new Set([...made, ...facts.objectsOf(pathOf(patch))])].sort();
  if (objects.length > 0) return { kind: "compiled", objects };
  if (!facts.isBuilt) return { kind: "not-built" };
  return notInConfiguration(nothing);
}

function listed(sentences: readonly string[]): string {
  const SHOWN_MAX = 5;
  const shown = sentences.slice(0, SHOWN_MAX).join("; ");
  const more = sentences.length - SHOWN_MAX;
  return more > 0 ? `${shown}; and ${more} more` : shown;
}

function notInConfiguration(reason: string): Outcome {
  return { kind: "not-in-configuration", reason };
}

function refused(reason: string): Outcome {
  const remedy = "leave this part out of the patch if the fix does not need it; else reboot";
  return { kind: "refused", reason, remedy };
}
