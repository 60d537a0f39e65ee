// First pass of the emitter: several objects become one draft, as a static linker would see them. An
// undefined global of one object is bound to the definition in another; locals stay separate even if
// they have the same name. The inputs are copied, never changed.

import type { DraftRelocation, DraftSection, DraftSymbol, ElfDraft } from "../../elf/draft.ts";
import { invariant } from "../../invariant.ts";
import { type Architecture, machineOfArchitecture } from "../../isa/architecture.ts";
import { EmitError, type SourceObject } from "./input.ts";

export interface MergedObjects {
  readonly draft: ElfDraft;
  /** The draft's symbol for a symbol of an input. */
  readonly symbolOf: (symbol: DraftSymbol) => DraftSymbol;
  /** Names of defined symbols as Xen's table would spell them: locals with a file prefix. */
  readonly sourceNames: ReadonlyMap<DraftSymbol, string>;
}

/** @throws EmitError emit/machine, emit/duplicate-symbol */
export function mergeObjects(
  objects: readonly SourceObject[],
  architecture: Architecture,
): MergedObjects {
  const machine = machineOfArchitecture[architecture];
  for (const { source, draft } of objects) {
    if (draft.machine === machine) continue;
    throw new EmitError({
      code: "emit/machine",
      problem: `Cannot put "${source}" into a payload: it is for ELF machine ${draft.machine}`,
      expected: `ELF machine ${machine} (${architecture})`,
    });
  }
  const sections = new Map<DraftSection, DraftSection>();
  for (const section of objects.flatMap(({ draft }) => draft.sections)) {
    sections.set(section, { ...section, relocations: [] });
  }
  const symbols = copySymbols(objects, sections);
  const symbolOf = (symbol: DraftSymbol): DraftSymbol => {
    const copy = symbols.get(symbol);
    invariant(copy !== undefined, `symbol "${symbol.name}" belongs to none of the objects`);
    return copy;
  };
  for (const [original, copy] of sections) {
    copy.relocations = original.relocations.map(
      (relocation): DraftRelocation => ({ ...relocation, symbol: symbolOf(relocation.symbol) }),
    );
  }
  const draft: ElfDraft = {
    machine,
    osAbi: 0,
    flags: 0,
    sections: [...sections.values()],
    symbols: [...new Set(symbols.values())],
  };
  return { draft, symbolOf, sourceNames: nameSources(objects, symbolOf) };
}

/** For each global name, the symbol to which all objects refer: a definition, if there is one. */
function resolveGlobals(objects: readonly SourceObject[]): ReadonlyMap<string, DraftSymbol> {
  const chosen = new Map<string, { symbol: DraftSymbol; source: string }>();
  for (const { source, draft } of objects) {
    for (const symbol of draft.symbols) {
      if (symbol.binding === "STB_LOCAL") continue;
      const earlier = chosen.get(symbol.name);
      if (earlier === undefined || strength(symbol) > strength(earlier.symbol)) {
        chosen.set(symbol.name, { symbol, source });
      } else if (strength(symbol) === 2 && strength(earlier.symbol) === 2) {
        throw new EmitError({
          code: "emit/duplicate-symbol",
          problem: `Cannot merge the objects: "${symbol.name}" is defined twice`,
          where: `"${earlier.source}" and "${source}"`,
          expected: "one definition of every global function and object",
          remedy: "make one of them static, or declare it extern",
        });
      }
    }
  }
  return new Map([...chosen].map(([name, { symbol }]) => [name, symbol]));
}

/** 2 for a definition, 1 for a weak one, 0 for an undefined symbol. */
function strength(symbol: DraftSymbol): 0 | 1 | 2 {
  if (symbol.place === "undefined") return 0;
  return symbol.binding === "STB_WEAK" ? 1 : 2;
}

/** One copy for each local, and one for all globals of the same name. */
function copySymbols(
  objects: readonly SourceObject[],
  sections: ReadonlyMap<DraftSection, DraftSection>,
): ReadonlyMap<DraftSymbol, DraftSymbol> {
  const globals = resolveGlobals(objects);
  const copies = new Map<DraftSymbol, DraftSymbol>();
  for (const symbol of objects.flatMap(({ draft }) => draft.symbols)) {
    const local = symbol.binding === "STB_LOCAL";
    const meant = local ? symbol : (globals.get(symbol.name) ?? symbol);
    const copy = copies.get(meant) ?? { ...meant, place: placeOfCopy(meant, sections) };
    copies.set(meant, copy);
    copies.set(symbol, copy);
  }
  return copies;
}

function placeOfCopy(
  symbol: DraftSymbol,
  sections: ReadonlyMap<DraftSection, DraftSection>,
): DraftSymbol["place"] {
  if (typeof symbol.place === "string") return symbol.place;
  const place = sections.get(symbol.place);
  invariant(place !== undefined, `symbol "${symbol.name}" lies outside the objects`);
  return place;
}

function nameSources(
  objects: readonly SourceObject[],
  symbolOf: (symbol: DraftSymbol) => DraftSymbol,
): ReadonlyMap<DraftSymbol, string> {
  const names = new Map<DraftSymbol, string>();
  for (const { draft } of objects) {
    let file = "";
    for (const symbol of draft.symbols) {
      // File names may contain characters that would break the lines of the symbol map.
      if (symbol.type === "STT_FILE") file = symbol.name.replaceAll(/[\t\n]/g, "?");
      if (symbol.place === "undefined" || symbol.name === "") continue;
      const local = symbol.binding === "STB_LOCAL" && file !== "";
      names.set(symbolOf(symbol), local ? `${file}#${symbol.name}` : symbol.name);
    }
  }
  return names;
}
