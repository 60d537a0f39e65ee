// A pair of objects, with all results of the comparison.

import type { ObjectDiff } from "../diff/diff-objects.ts";
import type { ElfObject } from "../elf/object.ts";
import type { LayoutChange } from "../layout/layout-change.ts";
import type { ObjectPair } from "../pairs/object-pair.ts";
import type { CompilerFacts } from "../running/compiler-check.ts";
import type { LevelStep } from "./trace.ts";

export interface ComparedObject {
  readonly pair: ObjectPair;
  readonly before: ElfObject;
  readonly after: ElfObject;
  readonly diff: ObjectDiff;
  /** What payloads below changed in it, the lowest first. */
  readonly steps: readonly LevelStep[];
  readonly layoutChanges: readonly LayoutChange[];
  readonly compiler: CompilerFacts;
  /** Why it is carried although the patch does not change it, as text. */
  readonly broughtFor?: string | undefined;
}
