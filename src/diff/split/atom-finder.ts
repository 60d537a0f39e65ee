// Which atom a place belongs to.

import type { ElfSymbol, SectionIndex } from "../../elf/object.ts";
import { countBefore } from "../../sorted.ts";
import type { Atom, Target } from "../atom.ts";
import { requireDefined } from "../require-defined.ts";

export class AtomFinder {
  readonly #bySection = new Map<SectionIndex, Atom[]>();

  /** Atoms of one section must come in order, without gaps. */
  constructor(atoms: readonly Atom[]) {
    for (const atom of atoms) {
      const list = this.#bySection.get(atom.section.index) ?? [];
      list.push(atom);
      this.#bySection.set(atom.section.index, list);
    }
  }

  /**
   * A place that was said by a symbol belongs to what that symbol names, even when it lies outside:
   * the end of an array is not part of what comes after it.
   */
  find(index: SectionIndex, offset: number, symbol: ElfSymbol | undefined): Target {
    const atoms = this.#bySection.get(index);
    if (atoms === undefined) return { kind: "absolute", value: BigInt(offset) };
    const atom = atomAt(atoms, symbol === undefined ? offset : Number(symbol.value));
    return { kind: "atom", atom, offset: offset - atom.start };
  }
}

/** The last one that begins at or before the offset; the first one for places before the section. */
function atomAt(atoms: readonly Atom[], offset: number): Atom {
  const count = countBefore(atoms, ({ start }) => start <= offset);
  return requireDefined(atoms[Math.max(count - 1, 0)]);
}
