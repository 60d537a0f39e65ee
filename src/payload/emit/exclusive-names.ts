// Names that no two loaded payloads may have. Xen refuses to load a payload with a symbol that another one has
// (ABI reference §2.11), whoever uploads it and by whatever tool. So a payload that takes something which only
// one can have names it by a symbol.

import type { DraftSymbol, ElfDraft } from "../../elf/draft.ts";
import { FUNCS_SECTION } from "../../xen-abi/sections.ts";

/** Symbols at the function table, to which nothing refers: Xen names no code by them. */
export function addExclusiveNames(draft: ElfDraft, names: readonly string[]): void {
  const place = draft.sections.find(({ name }) => name === FUNCS_SECTION);
  if (place === undefined) return;
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
