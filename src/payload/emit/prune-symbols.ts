// The emitter's last pass over symbols. Xen resolves every undefined symbol of a payload, whether
// anything refers to it or not, and refuses the payload when one is missing (ABI reference §1.10). And it
// names an address in a backtrace by the nearest symbol before it, of whatever kind: a label inside of a
// function would hide the function, with its offset and size.

import type { DraftRelocation, DraftSection, DraftSymbol, ElfDraft } from "../../elf/draft.ts";

/**
 * Removes undefined symbols, section symbols and local labels without references, and labels inside of
 * functions: what refers to those refers to the function then.
 */
export function pruneSymbols(draft: ElfDraft): void {
  const functions = functionsBySection(draft);
  const used = new Set<DraftSymbol>();
  for (const section of draft.sections) {
    for (const relocation of section.relocations) {
      meanFunction(relocation, functions);
      used.add(relocation.symbol);
    }
  }
  draft.symbols = draft.symbols.filter(
    (symbol) =>
      used.has(symbol) ||
      (isWorthKeeping(symbol) && functionAround(symbol, functions) === undefined),
  );
}

function isWorthKeeping({ name, place, type }: DraftSymbol): boolean {
  if (place === "undefined" || type === "STT_SECTION") return false;
  return !name.startsWith(".L");
}

type Functions = ReadonlyMap<DraftSection, readonly DraftSymbol[]>;

function functionsBySection({ symbols }: ElfDraft): Functions {
  const found = new Map<DraftSection, DraftSymbol[]>();
  for (const symbol of symbols) {
    const { place, type, size } = symbol;
    if (typeof place === "string" || type !== "STT_FUNC" || size === 0n) continue;
    const functions = found.get(place) ?? [];
    functions.push(symbol);
    found.set(place, functions);
  }
  return found;
}

/** Of a label without a size. Mapping symbols of Arm say what is code, and never enter Xen's table. */
function functionAround(
  { name, place, value, type, size }: DraftSymbol,
  functions: Functions,
): DraftSymbol | undefined {
  if (typeof place === "string" || type !== "STT_NOTYPE" || size !== 0n) return undefined;
  if (name.startsWith("$")) return undefined;
  return functions.get(place)?.find((one) => one.value <= value && value < one.value + one.size);
}

function meanFunction(relocation: DraftRelocation, functions: Functions): void {
  const { symbol } = relocation;
  const around = functionAround(symbol, functions);
  if (around === undefined) return;
  relocation.symbol = around;
  relocation.addend += symbol.value - around.value;
}
