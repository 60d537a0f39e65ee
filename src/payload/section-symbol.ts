// The symbol of a section, by which relocations speak of places in it that have no name.

import { SymbolBinding, SymbolType } from "../elf/constants.ts";
import type { DraftSection, DraftSymbol } from "../elf/draft.ts";

/** It stands for the section's start; Xen does not record it. */
export function sectionSymbolOf(section: DraftSection): DraftSymbol {
  return {
    name: "",
    value: 0n,
    size: 0n,
    binding: SymbolBinding.STB_LOCAL,
    type: SymbolType.STT_SECTION,
    visibility: 0,
    place: section,
  };
}
