// Each pair of objects compared, with what the builder knows: the release, the lines that moved, and
// what the author allows.

import type { BuildRefusal } from "../build-outcome/refusal.ts";
import type { DiffOptions } from "../diff/comparison.ts";
import { diffObjects, type ObjectDiff } from "../diff/diff-objects.ts";
import { findFunctionResults } from "../dwarf/function-results.ts";
import { findTypes } from "../dwarf/model.ts";
import { findStaticHomes } from "../dwarf/static-homes.ts";
import type { ElfObject } from "../elf/object.ts";
import { openElf } from "../elf/open.ts";
import { writeElf } from "../elf/write.ts";
import { findLayoutChanges, isSettled, type LayoutPair } from "../layout/layout.ts";
import type { LayoutChange } from "../layout/layout-change.ts";
import type { ObjectPair } from "../pairs/object-pair.ts";
import type { PreparedPairs } from "../pairs/prepared-pairs.ts";
import type { SymbolUsers } from "../pairs/symbol-users.ts";
import { compilerFactsOf } from "../running/compiler-check.ts";
import type { RefusalCauses } from "./causes.ts";
import { changedItemsFinder, isTextKept } from "./changed-items.ts";
import type { ComparedObject } from "./compared-object.ts";
import { type ChangedFunctions, changedFunctionsOf, changedInlinesOf } from "./inlines.ts";
import { lineRuleFor } from "./lines.ts";
import { CompareMemory, type GrowingOptions } from "./memory.ts";
import { openLevels } from "./steps.ts";

/** What the author and the release say; the rest of the comparison's options are found here. */
export type CompareOptions = Pick<
  DiffOptions,
  "policy" | "allowedInit" | "initChanges" | "isInHooks" | "allowedUnsafe" | "allowedLost"
> &
  GrowingOptions;

/**
 * Of the memory, what was compared with options that differ from these at most in what grows in a build.
 * @throws DiffError, ElfError, BuilderError
 */
export function compareObjects(
  { pairs, changes: { lines, texts, levels } }: Pick<PreparedPairs, "pairs" | "changes">,
  options: CompareOptions,
  memory = new CompareMemory(),
): readonly ComparedObject[] {
  const settled = new Set<string>();
  let functions: ChangedFunctions | undefined;
  const whole: WholeFix = {
    lines,
    itemsOf: changedItemsFinder({ texts }),
    itemsOfLevels: levels.map((one) => changedItemsFinder({ texts: one })),
    changedFunctions: () => {
      functions ??= changedFunctionsOf(texts);
      return functions;
    },
    layoutsOf: (object, types, code) => {
      const isChangedFile = (file: string): boolean => lines[file] !== undefined;
      const changes = findLayoutChanges({ object, ...types, code, isChangedFile }, settled);
      for (const change of changes.filter(isSettled)) settled.add(change.type);
      return changes;
    },
  };
  // One at a time, so that only the debug information of one pair is held.
  return pairs.map(
    (pair) => memory.find(pair, options) ?? comparePair(pair, { whole, options, memory }),
  );
}

/** What is the same for all of its objects. */
interface WholeFix extends Pick<PreparedPairs["changes"], "lines"> {
  readonly itemsOf: ReturnType<typeof changedItemsFinder>;
  readonly itemsOfLevels: readonly ReturnType<typeof changedItemsFinder>[];
  readonly changedFunctions: () => ChangedFunctions;
  readonly layoutsOf: (
    object: string,
    types: Pick<LayoutPair, "before" | "after">,
    code: ElfObject,
  ) => readonly LayoutChange[];
}

interface PairContext {
  readonly whole: WholeFix;
  readonly options: CompareOptions;
  readonly memory: CompareMemory;
}

function comparePair(
  pair: ObjectPair,
  { whole: { lines, itemsOf, itemsOfLevels, ...whole }, options, memory }: PairContext,
): ComparedObject {
  const after = openElf(pair.after, pair.object);
  const { before = emptyLike(after), findSteps } = openLevels(pair, {
    policy: options.policy,
    isTextKept: (level, { functionName }) => {
      const items = itemsOfLevels[level]?.(pair);
      return items !== undefined && isTextKept(items, functionName);
    },
    emptyLike,
  });
  const { answers, explain } = memory.explainer(pair, options);
  const compare = (): ObjectDiff =>
    diffObjects(before, after, {
      ...options,
      ...options.across?.get(pair.object),
      held: options.held?.get(pair.object),
      explainInit: explain,
      isUsedElsewhere: usersOutside(pair.object, options.symbolUsers),
      isSameLine: lineRuleFor(before, pair.dependencies, lines),
      findHomes: findStaticHomes,
      isTextKept: ({ functionName }) => isTextKept(itemsOf(pair), functionName),
      resultOf: findFunctionResults(before),
      changedInlines: changedInlinesOf(before, whole.changedFunctions),
    });
  const { layoutChanges, compiler } = memory.findFixed(pair) ?? fixedOf();
  const diff = isSameFile(pair) ? unchangedDiff(compare) : compare();
  const found = { pair, before, after, diff, layoutChanges, compiler };
  const compared = isSameFile(pair) ? { ...found, steps: [] } : withSteps(found, findSteps);
  memory.keep(pair, options, { answers, compared });
  return compared;

  function fixedOf(): Pick<ComparedObject, "layoutChanges" | "compiler"> {
    if (isSameFile(pair)) return { layoutChanges: [], compiler: compilerFactsOf(after) };
    const types = { before: findTypes(before), after: findTypes(after) };
    const compiler = compilerFactsOf(after, types.after?.info.units);
    return { layoutChanges: whole.layoutsOf(pair.object, types, before), compiler };
  }
}

/** Few are asked for what the payloads below changed in them. */
function withSteps(
  compared: Omit<ComparedObject, "steps">,
  findSteps: () => ComparedObject["steps"],
): ComparedObject {
  let steps: ComparedObject["steps"] | undefined;
  return {
    ...compared,
    get steps() {
      steps ??= findSteps();
      return steps;
    },
  };
}

function usersOutside(
  own: string,
  users: SymbolUsers | undefined,
): ((name: string) => boolean) | undefined {
  if (users === undefined) return undefined;
  const others = Object.entries(users).filter(([object]) => object !== own);
  return (name) => others.some(([, names]) => names.includes(name));
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
    placesOnly: new Set(),
    follows: new Map(),
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

/** One line for each init function and variable that differs and is not refused, or left to a hook. */
export function warningsOfInit(objects: readonly ComparedObject[]): string {
  return objects
    .flatMap(({ pair, diff }) =>
      diff.ledger.flatMap(({ what, reasons, disposition }) => {
        if (disposition.kind !== "no-effect") return [];
        const subject = `warning: ${what} of ${pair.object}`;
        if (disposition.rule === "init-inlining") return `${subject}: ${reasons.at(-1)}\n`;
        if (disposition.rule === "set-by-hook") {
          return `${subject} has another initial value, and keeps the one that it has: your hook must set it\n`;
        }
        if (disposition.rule !== "left-to-hook") return [];
        return `${subject} changed, and had its effect at boot: your hook must do what the new one would have done\n`;
      }),
    )
    .join("");
}

export function refusalsOfObjects(
  objects: readonly ComparedObject[],
  causes: RefusalCauses,
): readonly BuildRefusal[] {
  return objects.flatMap((object) =>
    object.diff.refusals.map((entry) => ({
      rule: entry.disposition.rule,
      what: entry.what,
      where: `${object.pair.object}, section "${entry.section}", offset 0x${entry.offset.toString(16)}`,
      reasons: entry.reasons,
      causes: causes.ofEntry(object, entry),
      remedy: entry.disposition.remedy,
    })),
  );
}
