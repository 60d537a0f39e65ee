// Which atom of the object before is which one of the object after. A pair says that both have the
// same identity, not that they are equal: a changed function is a pair, a new one has no partner.

import { invariant } from "../../invariant.ts";
import type { Atom } from "../atom.ts";

export class Correlation {
  readonly #after = new Map<Atom, Atom>();
  readonly #before = new Map<Atom, Atom>();
  readonly #number = new Map<Atom, number>();
  readonly #candidates = new Map<Atom, readonly Atom[]>();

  pair(before: Atom, after: Atom): void {
    invariant(!this.#after.has(before) && !this.#before.has(after), `${after.name} paired twice`);
    this.#after.set(before, after);
    this.#before.set(after, before);
    const number = this.#number.size;
    this.#number.set(before, number).set(after, number);
  }

  /** Nobody can tell which of `candidates` is the atom after, if any. */
  markAmbiguous(after: Atom, candidates: readonly Atom[]): void {
    this.#candidates.set(after, candidates);
  }

  findAfter(before: Atom): Atom | undefined {
    return this.#after.get(before);
  }

  findBefore(after: Atom): Atom | undefined {
    return this.#before.get(after);
  }

  isPaired(atom: Atom): boolean {
    return this.#number.has(atom);
  }

  /** The same for both sides of a pair, different for all others. */
  findNumber(atom: Atom): number | undefined {
    return this.#number.get(atom);
  }

  /** What an unpaired atom could be as well; empty for one that is certainly new. */
  candidatesOf(after: Atom): readonly Atom[] {
    return this.#candidates.get(after) ?? [];
  }

  pairs(): IterableIterator<[before: Atom, after: Atom]> {
    return this.#after.entries();
  }
}
