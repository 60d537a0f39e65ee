// The emitter's last pass over symbols. Xen resolves every undefined symbol of a payload, whether
// anything refers to it or not, and refuses the payload when one is missing (ABI reference §1.10).

import type { DraftSymbol, ElfDraft } from "../../elf/draft.ts";

/** Removes undefined symbols, section symbols and local labels without references. */
export function pruneSymbols(draft: ElfDraft): void {
  const used = new Set<DraftSymbol>();
  for (const section of draft.sections) {
    for (const { symbol } of section.relocations) used.add(symbol);
  }
  draft.symbols = draft.symbols.filter((symbol) => used.has(symbol) || isWorthKeeping(symbol));
}

function isWorthKeeping({ name, place, type }: DraftSymbol): boolean {
  if (place === "undefined" || type === "STT_SECTION") return false;
  return !name.startsWith(".L");
}
