// The contents of a new payload's symbol map (symbol-map.ts has its format): each function and object
// of the payload, by its name in the source and its name in the payload.

import type { DraftSymbol, ElfDraft } from "../../elf/draft.ts";
import type { SymbolMap, SymbolMapEntry } from "../symbol-map.ts";
import { type CarriedMarker, markerEntries } from "./carried-marker.ts";
import type { Hook } from "./input.ts";

interface MapSources {
  readonly replacements: readonly {
    readonly newBody: DraftSymbol;
    readonly xenFunction: DraftSymbol;
  }[];
  readonly hooks: readonly Hook[];
  readonly appliedMarker: CarriedMarker | undefined;
  readonly sourceNames: ReadonlyMap<DraftSymbol, string>;
  /** By names of the patched source: names that differ in the hypervisor or a payload below. */
  readonly newNames: ReadonlyMap<string, string>;
}

export function buildSymbolMap(draft: ElfDraft, sources: MapSources): SymbolMap {
  const { replacements, hooks, sourceNames } = sources;
  const bodies = new PlaceSet(replacements.map(({ newBody }) => newBody));
  const hookCode = new PlaceSet(hooks.map(({ code }) => code));
  const replaced = replacements.map(
    ({ newBody, xenFunction }): SymbolMapEntry => ({
      sourceName: xenFunction.name,
      // A label behind the entry would be exported, but name all of the body in Xen's backtraces.
      exportedName: "",
      exportedOffset: 0,
      kind: "replacement",
      sizeBytes: Number(newBody.size),
    }),
  );
  const brought = draft.symbols.flatMap((symbol): SymbolMapEntry[] => {
    // Xen does not export the names of a replacement's entry, including aliases (ABI reference §2.11).
    const kind = bodies.has(symbol) ? undefined : kindOf(symbol);
    if (kind === undefined) return [];
    const entry: SymbolMapEntry = {
      sourceName: sourceNames.get(symbol) ?? symbol.name,
      exportedName: symbol.name,
      exportedOffset: 0,
      kind: hookCode.has(symbol) ? "hook" : kind,
      sizeBytes: Number(symbol.size),
    };
    return [entry];
  });
  const renamed = [...sources.newNames].map(([sourceName, exportedName]): SymbolMapEntry => {
    return { sourceName, exportedName, exportedOffset: 0, kind: "renamed", sizeBytes: 0 };
  });
  const marker = sources.appliedMarker;
  const markers = marker === undefined ? [] : markerEntries(marker);
  return [...replaced, ...brought, ...renamed, ...markers];
}

/** Functions and objects of a payload besides the new bodies and its hooks, which later ones may replace. */
export function broughtFunctions(
  draft: ElfDraft,
  { replacements, hooks }: Pick<MapSources, "replacements" | "hooks">,
): readonly DraftSymbol[] {
  const others = new PlaceSet([
    ...replacements.map(({ newBody }) => newBody),
    ...hooks.map(({ code }) => code),
  ]);
  return draft.symbols.filter((symbol) => kindOf(symbol) === "function" && !others.has(symbol));
}

/** Compiler labels (".L.str" of clang) sometimes have a type, but no meaning to later payloads. */
function kindOf({ name, place, type }: DraftSymbol): "function" | "data" | undefined {
  if (typeof place === "string" || name.startsWith(".L")) return undefined;
  if (type === "STT_FUNC") return "function";
  return type === "STT_OBJECT" ? "data" : undefined;
}

/** Places of symbols, whatever the symbols are called. */
class PlaceSet {
  readonly #places = new Map<DraftSymbol["place"], Set<bigint>>();

  constructor(symbols: readonly DraftSymbol[]) {
    for (const { place, value } of symbols) {
      this.#places.set(place, (this.#places.get(place) ?? new Set()).add(value));
    }
  }

  has({ place, value }: DraftSymbol): boolean {
    return this.#places.get(place)?.has(value) ?? false;
  }
}
