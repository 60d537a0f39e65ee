// Creates the symbols of a draft, as an assembler would.

import type { DraftSection, DraftSymbol } from "./draft.ts";

/** The symbol of a section's start, which relocations use for places without a name. */
export function sectionSymbol(section: DraftSection): DraftSymbol {
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

/** An undefined symbol, which another object defines. */
export function undefinedSymbol(name: string): DraftSymbol {
  return {
    name,
    value: 0n,
    size: 0n,
    binding: "STB_GLOBAL",
    type: "STT_NOTYPE",
    visibility: "STV_DEFAULT",
    place: "undefined",
  };
}
