// The symbol of a section, by which relocations speak of places in it that have no name.

import type { DraftSection, DraftSymbol } from "../elf/draft.ts";

/** It stands for the section's start; Xen does not record it. */
export function sectionSymbolOf(section: DraftSection): DraftSymbol {
  return {
    name: "",
    value: 0n,
    size: 0n,
    binding: "STB_LOCAL",
    type: "STT_SECTION",
    visibility: "STV_DEFAULT",
    place: section,
  };
}
