// The results of building for each file of a patch, for the ledger.

import { join } from "node:path";
import type { Architecture } from "../isa/architecture.ts";
import type { PatchedFile } from "../source-patch/apply-patch.ts";
import { commandInRule } from "../source-patch/command-in-rule.ts";
import { type FileKind, isGenerator, kindOfFile } from "../source-patch/hunk-kind.ts";
import type { LedgerFacts, RuleChange } from "../source-patch/hunk-ledger.ts";
import type { Hunk } from "../source-patch/patch-file.ts";
import type { Base } from "../xen-make/base.ts";
import { isEmbedded } from "../xen-make/embedded-sources.ts";
import type { Affected, PatchedTree } from "./after.ts";
import type { AppliedPatches } from "./apply.ts";
import type { CompiledSides } from "./compile.ts";

export type BuiltFacts = Pick<CompiledSides, "pairs" | "failure"> &
  Pick<Affected, "added"> &
  Pick<PatchedTree, "regenerated"> & {
    readonly changes: BuildChanges;
    /** Not when the patch is refused before that. */
    readonly isCompiled: boolean;
    /** Whether objects are linked in another order, which does not count. */
    readonly isReordered: boolean;
  };

/** Differences with the patch, for each object of the hypervisor or for all, as text. */
export interface BuildChanges {
  readonly settings: readonly string[];
  /** What make would do. */
  readonly rules: readonly RuleChange[];
}

export const noChanges: BuildChanges = { settings: [], rules: [] };

/** Of a patch that is not compiled. */
export function nothingBuilt(changes: BuildChanges): BuiltFacts {
  const nothing = { pairs: [], failure: undefined, added: [], regenerated: [] };
  return { ...nothing, changes, isCompiled: false, isReordered: false };
}

export interface FixFacts {
  readonly architecture: Architecture;
  readonly applied: Pick<AppliedPatches, "moved" | "files">;
}

export function ledgerFacts(
  base: Base,
  sides: BuiltFacts,
  { architecture, applied }: FixFacts,
): LedgerFacts {
  const { moved, files } = applied;
  const naming = (names: readonly string[]) =>
    sides.pairs
      .filter(({ dependencies }) => names.some((name) => dependencies.includes(name)))
      .map(({ object }) => object);
  const byHunk = new Map(moved.map((one) => [one.hunk, one]));
  const { settings, rules } = sides.changes;
  return {
    kindOf: (path: string) => kindOf(path, architecture),
    objectsOf: (path: string) => {
      const direct = naming([belowXen(path)]);
      return direct.length > 0 ? direct : naming(sides.regenerated);
    },
    refusalOf: (path: string) =>
      isEmbedded(belowXen(path), base.listing, join(base.tree, "xen"))
        ? "code that is embedded in the hypervisor's image and runs only while it boots"
        : undefined,
    commandIn: (path: string) => commandOf(path, files.get(path)),
    isBuilt:
      sides.failure === undefined && sides.isCompiled && settings.length + rules.length === 0,
    movedHunk: (hunk: Hunk) => byHunk.get(hunk),
    addedObjects: sides.added.map(({ object }) => object),
    settingChanges: settings,
    ruleChanges: rules,
    isReordered: sides.isReordered,
  };
}

/** The line of a changed make file or Kconfig file that can run a command while the file is only read. */
export function commandOf(path: string, texts: PatchedFile | undefined): string | undefined {
  if (texts === undefined || isGenerator(path)) return undefined;
  const language = /(^|\/)Kconfig[^/]*$/.test(path) ? "Kconfig" : "make";
  return commandInRule(language, texts.before ?? "", texts.after ?? "");
}

/** By the name alone. */
export function kindOf(path: string, architecture: Architecture): FileKind {
  return kindOfFile(path, architecture === "aarch64" ? "arm" : "x86");
}

export function belowXen(path: string): string {
  return path.replace(/^xen\//, "");
}
