// The meaning of a reference, as a text that is equal on both sides if the meaning is: the number of a
// pair, the name of an external symbol, or the content of an atom without a name.

import { SectionFlag } from "../elf/constants.ts";
import { type Atom, isNameless, type Reference, type Target } from "./atom.ts";
import type { Correlation } from "./correlate/correlation.ts";
import type { CrossedAtoms } from "./crossing.ts";
import { comparableBytes } from "./same-bytes.ts";

export class Meanings {
  readonly #correlation: Correlation;
  readonly #crossed: CrossedAtoms;
  readonly #contents = new Map<Atom, string>();
  readonly #unpaired = new Map<Atom, number>();

  constructor(correlation: Correlation, crossed: CrossedAtoms = new Map()) {
    this.#correlation = correlation;
    this.#crossed = crossed;
  }

  /** Whether ofTarget() is the same for a plain reason; most targets are. */
  isOnePair(before: Target, after: Target): boolean {
    if (before.kind === "atom" && after.kind === "atom") {
      const number = this.#correlation.findNumber(before.atom);
      return (
        number !== undefined &&
        before.offset === after.offset &&
        number === this.#correlation.findNumber(after.atom)
      );
    }
    if (before.kind !== "external" || after.kind !== "external") return false;
    const [one, other] = [before.symbol, after.symbol];
    return (
      one.name === other.name && one.binding === other.binding && before.offset === after.offset
    );
  }

  /** `length` bytes from the target on count when it is nameless; all of it by default. */
  ofTarget(target: Target, length?: number): string {
    switch (target.kind) {
      case "external": {
        const weak = target.symbol.binding === "STB_WEAK" ? "weak " : "";
        return `${weak}symbol ${target.symbol.name}+${target.offset}`;
      }
      case "absolute":
        return `absolute ${target.value}`;
      case "atom":
        return this.#ofPlace(target.atom, target.offset, length);
    }
  }

  /** Of an atom that is defined by its bytes alone. */
  ofContent(atom: Atom): string {
    const known = this.#contents.get(atom);
    if (known !== undefined) return known;
    // Tables without names that lead to each other are the same only where they lie the same.
    this.#contents.set(atom, `cycle ${atom.section.name}+${atom.start}`);
    const content = this.#describe(atom, 0, atom.size);
    this.#contents.set(atom, content);
    return content;
  }

  #ofPlace(atom: Atom, offset: number, length: number | undefined): string {
    const number = this.#correlation.findNumber(atom);
    if (number !== undefined) return `pair ${number}+${offset}`;
    const crossed = this.#crossed.get(atom);
    if (crossed !== undefined) return `symbol ${crossed.name}+${offset}`;
    // A variable without a partner is only itself: one of the same name, at the same place, may be another.
    if (atom.kind === "data") return `unpaired ${this.#numberOfUnpaired(atom)}+${offset}`;
    if (!isNameless(atom)) return `${atom.section.name} ${atom.name} ${atom.start}+${offset}`;
    const isString = (atom.section.flags & SectionFlag.SHF_STRINGS) !== 0n;
    if (length !== undefined && (offset !== 0 || length !== atom.size)) {
      return this.#describe(atom, offset, length);
    }
    if (isString && offset > 0) return this.#describe(atom, offset, atom.size - offset);
    return offset === 0 ? this.ofContent(atom) : `${this.ofContent(atom)}+${offset}`;
  }

  #numberOfUnpaired(atom: Atom): number {
    const number = this.#unpaired.get(atom) ?? this.#unpaired.size;
    this.#unpaired.set(atom, number);
    return number;
  }

  #describe(atom: Atom, start: number, length: number): string {
    if (length === 0) return "nothing";
    const end = start + length;
    const bytes = comparableBytes(atom)?.subarray(start, end);
    const content = bytes === undefined ? `${length} zeroes` : Buffer.from(bytes).toString("hex");
    const fields = atom.references
      .filter(({ offset }) => offset >= start && offset < end)
      .map((reference) => `${reference.offset - start}:${this.ofReference(reference)}`);
    return `{${atom.kind} ${atom.section.type} ${atom.section.flags} ${content} ${fields.join(",")}}`;
  }

  /** The field and its meaning, without its own place. */
  ofReference(reference: Reference): string {
    return `${reference.size} ${this.ofTarget(reference.target)}`;
  }
}

/** The name of an unpaired new atom in messages. */
export function describeTarget(target: Target): string {
  switch (target.kind) {
    case "absolute":
      return `the constant 0x${target.value.toString(16)}`;
    case "external":
      return withOffset(target.symbol.name, target.offset);
    case "atom":
      return describeAtomPlace(target.atom, target.offset);
  }
}

/** The string literal that a place lies in, from there on. */
export function textAt(target: Target): string | undefined {
  return target.kind === "atom" ? stringAt(target.atom, target.offset) : undefined;
}

function describeAtomPlace(atom: Atom, offset: number): string {
  const text = stringAt(atom, offset);
  if (text !== undefined)
    return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
  // Assembly subtracts where the hypervisor starts, as sym_offs() of arch/x86/boot/head.S does.
  if (isNameless(atom) && (offset < 0 || offset > atom.size)) {
    const distance = withOffset("", BigInt(atom.start) + BigInt(offset));
    return `an address computed from section "${atom.section.name}": ${distance}`;
  }
  return withOffset(isNameless(atom) ? `constant data at ${atom.name}` : atom.name, BigInt(offset));
}

function stringAt(atom: Atom, offset: number): string | undefined {
  const isString = (atom.section.flags & SectionFlag.SHF_STRINGS) !== 0n;
  if (!isString || atom.section.entrySize !== 1 || atom.bytes === undefined) return undefined;
  return Buffer.from(atom.bytes.subarray(offset, -1)).toString("latin1");
}

function withOffset(name: string, offset: bigint): string {
  if (offset === 0n) return name;
  return offset > 0n ? `${name}+0x${offset.toString(16)}` : `${name}-0x${(-offset).toString(16)}`;
}
