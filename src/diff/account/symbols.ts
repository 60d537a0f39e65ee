// The account of symbols that are not in an atom or do not name one: compiler labels, file names,
// undefined, absolute and common symbols. References to them have their own account.

import type { ElfSymbol } from "../../elf/object.ts";
import type { Atom, SplitObject } from "../atom.ts";
import type { Comparison } from "../comparison.ts";
import type { Disposition, Ledger } from "../ledger.ts";
import { isNaming } from "../split/split-object.ts";

export function accountSymbols({ before, after }: Comparison, ledger: Ledger): void {
  const [left, right] = [new Symbols(before), new Symbols(after)];
  const differing = [
    ...left
      .without(right)
      .map((symbol) => ({ symbol, side: "before", own: left, other: right }) as const),
    ...right
      .without(left)
      .map((symbol) => ({ symbol, side: "after", own: right, other: left }) as const),
  ];
  const labels = differing.filter(({ symbol }) => isLabel(symbol));
  if (labels.length > 0) {
    ledger.add({
      what: `${labels.length} labels`,
      section: "",
      offset: 0,
      side: "both",
      disposition: { kind: "no-effect", rule: "label-numbering" },
      reasons: ["labels, files and section symbols that only the compiler named"],
    });
  }
  for (const { symbol, side, own, other } of differing) {
    if (isLabel(symbol)) continue;
    const isReferred = own.isReferred(symbol);
    // Whoever refers to a symbol of another name has told it.
    if (isReferred && !other.hasName(symbol.name)) continue;
    ledger.add({
      what: `symbol "${symbol.name}"`,
      section: "",
      offset: 0,
      side,
      disposition: judge(symbol, isReferred),
      reasons: [`is ${side === "after" ? "new" : "gone"}, or has other attributes`],
    });
  }
}

/** Symbols by everything that they say; those that name an atom are compared with it. */
class Symbols {
  readonly #byText = new Map<string, ElfSymbol>();
  readonly #names = new Set<string>();
  readonly #atoms: readonly Atom[];
  #referred: ReadonlySet<ElfSymbol> | undefined;

  constructor({ object, atoms }: SplitObject) {
    this.#atoms = atoms;
    for (const symbol of object.symbols) {
      const { index, name, value, size, binding, type, visibility, place } = symbol;
      if (index === 0 || (place.kind === "section" && isNaming(symbol))) continue;
      const section = place.kind === "section" ? object.sections[place.index]?.name : place.kind;
      const text = `${name} ${section} ${value} ${size} ${binding} ${type} ${visibility}`;
      this.#byText.set(text, symbol);
      this.#names.add(name);
    }
  }

  without(other: Symbols): readonly ElfSymbol[] {
    const found: ElfSymbol[] = [];
    for (const [text, symbol] of this.#byText) if (!other.#byText.has(text)) found.push(symbol);
    return found;
  }

  isReferred(symbol: ElfSymbol): boolean {
    this.#referred ??= referredBy(this.#atoms);
    return this.#referred.has(symbol);
  }

  hasName(name: string): boolean {
    return this.#names.has(name);
  }
}

function referredBy(atoms: readonly Atom[]): ReadonlySet<ElfSymbol> {
  const found = new Set<ElfSymbol>();
  for (const { references } of atoms) {
    for (const { relocation } of references) {
      if (relocation !== undefined) found.add(relocation.symbol);
    }
  }
  return found;
}

function isLabel({ place, type }: ElfSymbol): boolean {
  return place.kind === "section" || type === "STT_FILE";
}

function judge({ place }: ElfSymbol, isReferred: boolean): Disposition {
  if (place.kind === "common") {
    const remedy = "compile with -fno-common, as Xen does";
    return { kind: "refused", rule: "unsupported-symbol", remedy };
  }
  return { kind: "no-effect", rule: isReferred ? "symbol-attributes" : "unreferenced-symbol" };
}
