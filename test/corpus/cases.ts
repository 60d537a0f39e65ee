// The corpus of `xsplice build`: small patches of our own against the source of Debian's
// Xen 4.17.5+72-g01140da4e8-1, at least one for each rule. The patches lie in patches/.

import type { CorpusCase } from "./case.ts";
import { builtCases } from "./cases-built.ts";
import { hookCases } from "./cases-hooks.ts";
import { initCases } from "./cases-init.ts";
import { movedCases } from "./cases-moved.ts";
import { neededCases } from "./cases-needed.ts";
import { pointerCases } from "./cases-pointers.ts";
import { refusedCases } from "./cases-refused.ts";
import { registerCases } from "./cases-registers.ts";
import { standingCases } from "./cases-standing.ts";
import { unchangedCases } from "./cases-unchanged.ts";

export const corpus: readonly CorpusCase[] = [
  ...builtCases,
  ...initCases,
  ...hookCases,
  ...neededCases,
  ...pointerCases,
  ...movedCases,
  ...registerCases,
  ...standingCases,
  ...refusedCases,
  ...unchangedCases,
];

/** By their names; all must exist. */
export function requireCases(names: readonly string[]): readonly CorpusCase[] {
  return names.map((name) => {
    const found = corpus.find((known) => known.name === name);
    if (found === undefined) throw new Error(`the corpus has no case "${name}"`);
    return found;
  });
}
