// Names that no two loaded payloads may have. Xen refuses to load a payload with a symbol that another one has
// (ABI reference §2.11), whoever uploads it and by whatever tool. So a payload that takes something which only
// one can have names it by a symbol.

import { SectionFlag } from "../../elf/constants.ts";
import type { DraftSymbol, ElfDraft } from "../../elf/draft.ts";
import { invariant } from "../../invariant.ts";
import { FUNCS_SECTION } from "../../xen-abi/sections.ts";

/** Symbols at the function table, to which nothing refers: Xen names no code by them. All that it loads will do. */
export function addExclusiveNames(draft: ElfDraft, names: readonly string[]): void {
  if (names.length === 0) return;
  const loaded = draft.sections.filter(({ flags }) => (flags & SectionFlag.SHF_ALLOC) !== 0n);
  const place = loaded.find(({ name }) => name === FUNCS_SECTION) ?? loaded[0];
  invariant(place !== undefined, "a payload that keeps state has a section that is loaded");
  const symbols = names.map(
    (name): DraftSymbol => ({
      name,
      value: 0n,
      size: 0n,
      binding: "STB_LOCAL",
      type: "STT_OBJECT",
      visibility: "STV_DEFAULT",
      place,
    }),
  );
  draft.symbols.push(...symbols);
}
