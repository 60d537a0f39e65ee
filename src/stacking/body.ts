// Is the code that a payload below carries what its patches compile to? The counterpart of run-pre.ts
// for functions that the hypervisor no longer runs itself: the same bytes, and every reference leads to
// what it means, in the payload or by name outside of it. The emitter has led the references to entries
// of replaced functions to the hypervisor's own (payload/emit/redirect.ts), and put keepers around calls.

import type { Atom, Reference } from "../diff/atom.ts";
import { isNameless, symbolSizeOf } from "../diff/atom.ts";
import type { ElfObject, ElfSymbol, Relocation, SectionIndex } from "../elf/object.ts";
import { contentsOf } from "../elf/sections.ts";
import { filledBytes } from "../isa/filled-bytes.ts";
import { referencesInside } from "./inner-references.ts";
import type { PayloadCode, PayloadPlace } from "./payload-code.ts";

export interface BodyQuestion {
  /** The payload that has the code. */
  readonly payload: PayloadCode;
  readonly place: PayloadPlace;
  readonly sizeBytes: number;
  /** What it should be, of the object compiled with the payload's patches. */
  readonly atom: Atom;
  /** Of which it is an atom. */
  readonly object: ElfObject;
  /** Under which name the payload knows what a symbol of that object means. */
  readonly nameOf: (symbol: ElfSymbol) => string;
}

/** What differs first, with its offset; `undefined` when it is the same. */
export function compareBody(question: BodyQuestion): string | undefined {
  const expected = symbolSizeOf(question.atom);
  if (question.sizeBytes !== expected) {
    return `it is ${expected} bytes long here, ${question.sizeBytes} bytes in the payload`;
  }
  return new BodyComparison(question).compare(question.atom, question.place);
}

/** What a field of the payload leads to. */
interface Pointed {
  /** Of the payload's own sections by number, else the name of an undefined symbol. */
  readonly base: SectionIndex | string;
  readonly offset: bigint;
}

/** Of a call: its distance counts from behind its 4 bytes. */
const BRANCH_EXCESS = -4n;

class BodyComparison {
  readonly #question: BodyQuestion;
  /** Nameless atoms and places that are the same, or are being looked at: jump tables lead back. */
  readonly #known = new Set<string>();
  readonly #numbers = new Map<Atom, number>();

  constructor(question: BodyQuestion) {
    this.#question = question;
  }

  compare(atom: Atom, place: PayloadPlace): string | undefined {
    if (atom.bytes === undefined) return undefined;
    const { section, offset } = place;
    const bytes = contentsOf(this.#question.payload.object, section).subarray(
      offset,
      offset + atom.size,
    );
    const relocations = this.#question.payload.relocationsOf(section);
    const fields = new Set<number>();
    for (const reference of this.#referencesOf(atom, place, relocations)) {
      if (reference.size === 0) continue;
      const at = offset + reference.offset;
      const relocation = relocations.get(at);
      if (relocation === undefined && reference.relocation === undefined) continue; // Its bytes say it.
      if (relocation === undefined)
        return `the payload has no reference at ${hex(reference.offset)}`;
      for (let byte = 0; byte < reference.size; byte++) fields.add(at + byte - offset);
      const problem = this.#compareReference(reference, relocation);
      if (problem !== undefined) return `the reference at ${hex(reference.offset)} ${problem}`;
    }
    for (let at = 0; at < atom.size; at++) {
      if (fields.has(at)) continue;
      if (relocations.has(offset + at))
        return `the payload has a reference of its own at ${hex(at)}`;
      if (bytes[at] !== atom.bytes[at]) return `the byte at ${hex(at)} differs`;
    }
    return undefined;
  }

  /** With those of the code to itself that the assembler has filled in, where the payload has a relocation. */
  #referencesOf(
    atom: Atom,
    { offset }: PayloadPlace,
    relocations: ReadonlyMap<number, Relocation>,
  ): readonly Reference[] {
    const known = new Set(atom.references.map((reference) => reference.offset));
    const others: number[] = [];
    for (let at = 0; at < atom.size; at++) {
      if (relocations.has(offset + at) && !known.has(at)) others.push(at);
    }
    if (others.length === 0) return atom.references;
    return [...atom.references, ...referencesInside(this.#question.object, atom, others)];
  }

  #compareReference(reference: Reference, relocation: Relocation): string | undefined {
    const pointed = this.#throughKeeper(this.#pointedBy(relocation, excessOf(reference)));
    const { target } = reference;
    if (pointed === undefined) return "leads nowhere in the payload";
    if (target.kind === "absolute") return undefined;
    if (target.kind === "external") {
      return this.#compareNamed(target.symbol, target.offset, pointed);
    }
    if (isNameless(target.atom)) {
      const same = this.#isSameContent(target.atom, pointed, BigInt(target.offset));
      return same ? undefined : `leads to other contents than "${target.atom.name}"`;
    }
    const [symbol] = target.atom.symbols;
    if (symbol === undefined) return `leads to "${target.atom.name}", which has no name`;
    const isRedirected = target.offset === 0 && !this.#isDistanceInData(reference);
    return this.#compareNamed(symbol, BigInt(target.offset), pointed, isRedirected);
  }

  /**
   * @param isRedirected if it leads to a function that the payload replaces: to the hypervisor's entry, not
   *   into the new body
   */
  #compareNamed(
    symbol: ElfSymbol,
    offset: bigint,
    pointed: Pointed,
    isRedirected = true,
  ): string | undefined {
    const { payload, nameOf } = this.#question;
    const name = nameOf(symbol);
    const own = payload.findOwn(name);
    const body = isRedirected ? undefined : payload.findNewBody(name)?.place;
    const expected: Pointed =
      own !== undefined
        ? { base: own.index, offset: own.offset + offset }
        : body !== undefined
          ? { base: body.section.index, offset: BigInt(body.offset) + offset }
          : { base: name, offset };
    if (expected.base === pointed.base && expected.offset === pointed.offset) return undefined;
    const found = typeof pointed.base === "string" ? `"${pointed.base}"` : "a place of its own";
    return `leads to ${found} in the payload, to "${name}" here`;
  }

  /** The emitter leaves those alone: only who reads them knows where they count from. */
  #isDistanceInData({ use, relocation }: Reference): boolean {
    if (use !== "data" || relocation === undefined) return false;
    return filledBytes(this.#question.object.header.machine, relocation.type).isRelative;
  }

  #isSameContent(atom: Atom, { base, offset }: Pointed, inside: bigint): boolean {
    if (typeof base === "string") return false;
    const section = this.#question.payload.object.sections[base];
    if (section === undefined) return false;
    const number = this.#numbers.get(atom) ?? this.#numbers.size;
    this.#numbers.set(atom, number);
    const key = `${number} ${base} ${offset - inside}`;
    if (this.#known.has(key)) return true;
    this.#known.add(key);
    return this.compare(atom, { section, offset: Number(offset - inside) }) === undefined;
  }

  /** A call may have been led to a keeper, which calls what the code itself would. */
  #throughKeeper(pointed: Pointed | undefined): Pointed | undefined {
    if (pointed === undefined || typeof pointed.base === "string") return pointed;
    const call = this.#question.payload.callOfKeeper(pointed.base, Number(pointed.offset));
    return call === undefined ? pointed : this.#pointedBy(call, BRANCH_EXCESS);
  }

  #pointedBy({ symbol: index, addend }: Relocation, excess: bigint): Pointed | undefined {
    const symbol = this.#question.payload.object.symbols[index];
    if (symbol === undefined) return undefined;
    const offset = addend - excess;
    if (symbol.place.kind !== "section") return { base: symbol.name, offset };
    return { base: symbol.place.index, offset: symbol.value + offset };
  }
}

/** By how much symbol and addend exceed the place that a field means: the same for every object. */
function excessOf({ relocation, target, bias }: Reference): bigint {
  if (relocation === undefined) return BigInt(-bias);
  const { symbol, addend } = relocation;
  if (target.kind === "external") return addend - target.offset;
  if (target.kind === "absolute") return 0n;
  return symbol.value + addend - BigInt(target.atom.start + target.offset);
}

function hex(offset: number): string {
  return `+0x${offset.toString(16)}`;
}
