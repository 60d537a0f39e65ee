// Which atom of the object before corresponds to which one of the object after. A pair means that both
// have the same identity, not that they are equal: a changed function is a pair, a new one has no
// partner.

import { invariant } from "../../invariant.ts";
import type { Atom } from "../atom.ts";

/** It is unknown which of the candidates corresponds to an atom of the object after, if any. */
export interface Ambiguity {
  /** Of the object before; at least one. */
  readonly candidates: readonly Atom[];
  readonly why: "home-unknown" | "too-many";
}

export class Correlation {
  readonly #after = new Map<Atom, Atom>();
  readonly #before = new Map<Atom, Atom>();
  readonly #number = new Map<Atom, number>();
  readonly #ambiguities = new Map<Atom, Ambiguity>();

  pair(before: Atom, after: Atom): void {
    invariant(!this.#after.has(before) && !this.#before.has(after), `${after.name} paired twice`);
    this.#after.set(before, after);
    this.#before.set(after, before);
    const number = this.#number.size;
    this.#number.set(before, number).set(after, number);
  }

  markAmbiguous(after: Atom, ambiguity: Ambiguity): void {
    this.#ambiguities.set(after, ambiguity);
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

  /** Undefined for an atom that is paired or certainly new. */
  ambiguityOf(after: Atom): Ambiguity | undefined {
    return this.#ambiguities.get(after);
  }

  pairs(): IterableIterator<[before: Atom, after: Atom]> {
    return this.#after.entries();
  }
}
