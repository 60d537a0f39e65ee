// What each payload below changed in an object: the same comparison as that of the fix, from level to
// level, but only to know what came from where. Whether the payloads could be made is no question any
// more.

import type { DiffOptions } from "../diff/comparison.ts";
import type { VariableHome } from "../diff/correlate/homes.ts";
import { diffObjects } from "../diff/diff-objects.ts";
import { findFunctionResults } from "../dwarf/function-results.ts";
import { findStaticHomes } from "../dwarf/static-homes.ts";
import type { ElfObject } from "../elf/object.ts";
import { openElf } from "../elf/open.ts";
import type { ObjectPair } from "../pairs/object-pair.ts";
import type { LevelStep } from "./trace.ts";

export interface OpenedLevels {
  /** On the topmost level; `undefined` when the fix brings the object. */
  readonly before: ElfObject | undefined;
  /** Compared on first use. */
  readonly findSteps: () => readonly LevelStep[];
}

export interface LevelOptions extends Pick<DiffOptions, "policy"> {
  /** Of the payload's patches, counted from the lowest, from 0. */
  readonly isTextKept: (level: number, home: VariableHome) => boolean;
  /** What stands for an object that a level does not have. */
  readonly emptyLike: (object: ElfObject) => ElfObject;
}

/** @throws DiffError, ElfError */
export function openLevels(
  { levels, object }: Pick<ObjectPair, "levels" | "object">,
  { policy, isTextKept, emptyLike }: LevelOptions,
): OpenedLevels {
  const opened: (ElfObject | undefined)[] = [];
  for (const [index, bytes] of levels.entries()) {
    const below = levels[index - 1];
    const isSame = bytes !== undefined && below !== undefined && Buffer.compare(bytes, below) === 0;
    // The same object, so that its symbols are identical, too.
    opened.push(isSame ? opened[index - 1] : bytes && openElf(bytes, object));
  }
  const findSteps = () =>
    opened.slice(1).flatMap((after, level): LevelStep[] => {
      const before = opened[level];
      if (after === undefined || after === before) return [];
      const compared = diffObjects(before ?? emptyLike(after), after, {
        policy,
        // Else the payload could not have been made with a copy of a global constant.
        isUsedElsewhere: () => false,
        findHomes: findStaticHomes,
        isTextKept: (home) => isTextKept(level, home),
        resultOf: findFunctionResults(before ?? after),
      });
      return [{ level, diff: compared }];
    });
  return { before: opened.at(-1), findSteps };
}
