// Each pair of objects compared, with what the builder knows: the release, the lines that moved, and
// what the author allows.

import type { DiffOptions } from "../diff/comparison.ts";
import { diffObjects, type ObjectDiff } from "../diff/diff-objects.ts";
import type { Disposition, NoEffectRule } from "../diff/ledger.ts";
import type { ElfObject } from "../elf/object.ts";
import { openElf } from "../elf/open.ts";
import { writeElf } from "../elf/write.ts";
import { changedInlinesOf } from "./build-inlines.ts";
import { lineRuleFor } from "./build-lines.ts";
import { findStaticHomes } from "./build-statics.ts";
import { type CompilerFacts, compilerFactsOf } from "./compiler-check.ts";
import { findLayoutChanges, isSettled, type LayoutChange } from "./layout.ts";
import type { ObjectPair, PreparedPairs } from "./prepare-pairs.ts";
import type { BuildRefusal } from "./refusal.ts";
import { findTypes } from "./types-model.ts";

export interface ComparedObject {
  readonly pair: ObjectPair;
  readonly before: ElfObject;
  readonly after: ElfObject;
  readonly diff: ObjectDiff;
  readonly layoutChanges: readonly LayoutChange[];
  readonly compiler: CompilerFacts;
}

/** What the author and the release say; the rest of the comparison's options are found here. */
export type CompareOptions = Pick<
  DiffOptions,
  "policy" | "allowedInit" | "initChanges" | "allowedLost"
>;

/** @throws DiffError, ElfError, BuilderError */
export function compareObjects(
  { pairs, lines }: Pick<PreparedPairs, "pairs" | "lines">,
  options: CompareOptions,
): readonly ComparedObject[] {
  const settled = new Set<string>();
  // One at a time, so that only the debug information of one pair is held.
  return pairs.map((pair) => {
    const after = openElf(pair.after, pair.object);
    const before = pair.before === undefined ? emptyLike(after) : openElf(pair.before, pair.object);
    const compare = (): ObjectDiff =>
      diffObjects(before, after, {
        ...options,
        isSameLine: lineRuleFor(before, pair.dependencies, lines),
        findHomes: findStaticHomes,
        changedInlines: changedInlinesOf(before, lines),
      });
    if (isSameFile(pair)) {
      const diff = unchangedDiff(compare);
      return { pair, before, after, diff, layoutChanges: [], compiler: compilerFactsOf(after) };
    }
    const types = { before: findTypes(before), after: findTypes(after) };
    const layoutChanges = findLayoutChanges(
      { object: pair.object, ...types, isChangedFile: (file) => lines[file] !== undefined },
      settled,
    );
    for (const change of layoutChanges.filter(isSettled)) settled.add(change.type);
    const compiler = compilerFactsOf(after, types.after?.info.units);
    return { pair, before, after, diff: compare(), layoutChanges, compiler };
  });
}

/** Debug information included, so that no type differs either. */
function isSameFile({ before, after }: ObjectPair): boolean {
  return before !== undefined && Buffer.compare(before, after) === 0;
}

/** Most objects that read a changed header: nothing differs, and hardly ever asks anybody for more. */
function unchangedDiff(compare: () => ObjectDiff): ObjectDiff {
  let compared: ObjectDiff | undefined;
  return {
    outcome: "unchanged",
    replaced: [],
    added: [],
    ledger: [],
    refusals: [],
    carried: new Map(),
    get comparison() {
      compared ??= compare();
      return compared.comparison;
    },
  };
}

/** What stands before an object that the patch brings. */
function emptyLike({ header, source }: ElfObject): ElfObject {
  const { machine, osAbi, flags } = header;
  return openElf(writeElf({ machine, osAbi, flags, sections: [], symbols: [] }), source);
}

/** One line for each init function and variable whose change is left to the author's hooks. */
export function warningsOfInit(objects: readonly ComparedObject[]): string {
  return objects
    .flatMap(({ pair, diff }) =>
      diff.ledger
        .filter(({ disposition }) => isNoEffect(disposition, "left-to-hook"))
        .map(
          ({ what }) =>
            `warning: ${what} of ${pair.object} changed, and had its effect at boot: your hook must do what the new one would have done\n`,
        ),
    )
    .join("");
}

function isNoEffect(disposition: Disposition, rule: NoEffectRule): boolean {
  return disposition.kind === "no-effect" && disposition.rule === rule;
}

export function refusalsOfObjects(objects: readonly ComparedObject[]): readonly BuildRefusal[] {
  return objects.flatMap(({ pair, diff }) =>
    diff.refusals.map(({ what, section, offset, reasons, disposition }) => ({
      rule: disposition.rule,
      what,
      where: `${pair.object}, section "${section}", offset 0x${offset.toString(16)}`,
      reasons,
      remedy: disposition.remedy,
    })),
  );
}
