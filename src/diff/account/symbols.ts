// The account of symbols that are not in an atom or do not name one: compiler labels, file names,
// undefined, absolute and common symbols. References to them have their own account.

import type { ElfSymbol } from "../../elf/object.ts";
import type { SplitObject } from "../atom.ts";
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
    const isReferred = own.isReferred(symbol);
    // Whoever refers to a symbol of another name has told it.
    if (isLabel(symbol) || (isReferred && !other.hasName(symbol.name))) continue;
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
  readonly #referred: ReadonlySet<ElfSymbol>;

  constructor({ object, atoms }: SplitObject) {
    for (const symbol of object.symbols.slice(1)) {
      const { name, value, size, binding, type, visibility, place } = symbol;
      if (place.kind === "section" && isNaming(symbol)) continue;
      const section = place.kind === "section" ? object.sections[place.index]?.name : place.kind;
      this.#byText.set([name, section, value, size, binding, type, visibility].join(" "), symbol);
      this.#names.add(name);
    }
    const relocations = atoms.flatMap(({ references }) =>
      references.map((found) => found.relocation),
    );
    this.#referred = new Set(relocations.flatMap((relocation) => relocation?.symbol ?? []));
  }

  without(other: Symbols): readonly ElfSymbol[] {
    return [...this.#byText]
      .filter(([text]) => !other.#byText.has(text))
      .map(([, symbol]) => symbol);
  }

  isReferred(symbol: ElfSymbol): boolean {
    return this.#referred.has(symbol);
  }

  hasName(name: string): boolean {
    return this.#names.has(name);
  }
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
