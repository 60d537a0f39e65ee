// Symbols that are made for a draft, as an assembler would make them.

import type { DraftSection, DraftSymbol } from "./draft.ts";

/** By which relocations speak of places without a name; it stands for the section's start. */
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

/** Of what somebody else has. */
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
