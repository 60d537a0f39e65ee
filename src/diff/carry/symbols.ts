// The symbols of a draft of carried atoms: those that come along, sections for what has no name, and
// undefined ones for what the hypervisor has.

import type { DraftSection, DraftSymbol } from "../../elf/draft.ts";
import { sectionSymbol, undefinedSymbol } from "../../elf/draft-symbols.ts";
import type { ElfSymbol } from "../../elf/object.ts";
import { type Atom, namingSymbol } from "../atom.ts";
import type { Comparison } from "../comparison.ts";
import { requireDefined } from "../require-defined.ts";
import type { NameInXen } from "./name-in-xen.ts";
import type { AtomPlace } from "./sections.ts";

export interface SymbolWithOrigin {
  readonly symbol: DraftSymbol;
  /** Which offset of the atom's old section the symbol stands for. */
  readonly origin: number;
}

export class CarriedSymbols {
  readonly #layout: ReadonlyMap<Atom, AtomPlace>;
  readonly #comparison: Comparison;
  readonly #nameInXen: NameInXen;
  readonly #own = new Map<ElfSymbol, DraftSymbol>();
  readonly #sections = new Map<DraftSection, DraftSymbol>();
  readonly #outside = new Map<string, DraftSymbol>();

  constructor(layout: ReadonlyMap<Atom, AtomPlace>, comparison: Comparison, nameInXen: NameInXen) {
    this.#layout = layout;
    this.#comparison = comparison;
    this.#nameInXen = nameInXen;
    for (const [atom, { section, offset }] of layout) {
      for (const symbol of atom.symbols) {
        const { name, size, binding, type, visibility } = symbol;
        const value = symbol.value - BigInt(atom.start) + BigInt(offset);
        this.#own.set(symbol, { name, value, size, binding, type, visibility, place: section });
      }
    }
  }

  /** In the order in which they were asked for, after those that came along. */
  *all(): Iterable<DraftSymbol> {
    yield* this.#own.values();
    yield* this.#sections.values();
    yield* this.#outside.values();
  }

  ofCarried(atom: Atom): DraftSymbol {
    return requireDefined(this.#own.get(requireDefined(namingSymbol(atom))));
  }

  /** `atom` is of the object after: carried, or one that the hypervisor has. */
  ofAtom(atom: Atom): SymbolWithOrigin {
    const place = this.#layout.get(atom);
    const naming = namingSymbol(atom);
    if (place === undefined) return this.#ofXen(atom);
    if (naming !== undefined) {
      return { symbol: this.ofCarried(atom), origin: Number(naming.value) };
    }
    return { symbol: this.#ofSection(place.section), origin: atom.start - place.offset };
  }

  /** Undefined and absolute symbols of the object. */
  ofOutside(symbol: ElfSymbol): DraftSymbol {
    const { name, value, size, binding, type, visibility, place } = symbol;
    const draftPlace = place.kind === "section" ? "undefined" : place.kind;
    return this.#outsideNamed({ name, value, size, binding, type, visibility, place: draftPlace });
  }

  #ofXen(atom: Atom): SymbolWithOrigin {
    const crossed = this.#comparison.crossed.get(atom);
    if (crossed !== undefined) {
      const { value } = requireDefined(namingSymbol(atom));
      return { symbol: this.#undefined(crossed.name), origin: Number(value) };
    }
    const before = requireDefined(this.#comparison.correlation.findBefore(atom));
    const naming = requireDefined(namingSymbol(before));
    const symbol = this.#undefined(this.#nameInXen(naming, this.#comparison.before.file));
    return { symbol, origin: atom.start + Number(naming.value) - before.start };
  }

  #undefined(name: string): DraftSymbol {
    return this.#outsideNamed(undefinedSymbol(name));
  }

  #outsideNamed(symbol: DraftSymbol): DraftSymbol {
    const known = this.#outside.get(symbol.name);
    if (known !== undefined) return known;
    this.#outside.set(symbol.name, symbol);
    return symbol;
  }

  #ofSection(section: DraftSection): DraftSymbol {
    const known = this.#sections.get(section);
    if (known !== undefined) return known;
    const symbol = sectionSymbol(section);
    this.#sections.set(section, symbol);
    return symbol;
  }
}
