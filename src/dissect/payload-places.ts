// What instructions and table fields of a payload refer to, by name. Reads as much as can be read: what
// is wrong with symbols and relocations is for inspectPayload() to say.

import { hexNumber } from "../bytes/hex.ts";
import { SectionFlag } from "../elf/constants.ts";
import type {
  ElfObject,
  ElfSymbol,
  Relocation,
  Section,
  SectionIndex,
  SymbolList,
} from "../elf/object.ts";
import { relocationsOf } from "../elf/relocations.ts";
import { contentsOf } from "../elf/sections.ts";
import { XspliceError } from "../error.ts";
import { withoutTag } from "../payload/emit/tag.ts";
import { countBefore } from "../sorted.ts";

export type Referred =
  | { readonly kind: "own"; readonly section: Section; readonly offset: number }
  /** Of the hypervisor, or of another payload. */
  | { readonly kind: "symbol"; readonly name: string; readonly addend: bigint }
  | { readonly kind: "absolute"; readonly value: bigint };

/** A function or object of the payload. */
interface SizedSymbol {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** Of a string literal that is shown, in characters. */
const TEXT_MAX = 60;

export class PayloadPlaces {
  readonly object: ElfObject;
  readonly symbols: SymbolList;
  /** By section index, ascending. */
  readonly #sized = new Map<SectionIndex, SizedSymbol[]>();
  /** By section index, then offset. */
  readonly #labels = new Map<SectionIndex, Map<number, string>>();
  readonly #relocations = new Map<SectionIndex, ReadonlyMap<number, Relocation>>();

  constructor(object: ElfObject) {
    this.object = object;
    this.symbols = attempt(() => object.symbols, []);
    for (const symbol of this.symbols) this.#index(symbol);
    for (const list of this.#sized.values()) list.sort((left, right) => left.start - right.start);
  }

  /** By offset; of two at one place the later one, as in Xen. */
  relocationsOf(section: Section): ReadonlyMap<number, Relocation> {
    const known = this.#relocations.get(section.index);
    if (known !== undefined) return known;
    const list = attempt(() => relocationsOf(this.object, section), []);
    const found = new Map(list.map((relocation) => [relocation.offset, relocation]));
    this.#relocations.set(section.index, found);
    return found;
  }

  /**
   * Where a relocation leads; `bias` is added to its addend. `undefined` for symbols that lead nowhere.
   */
  follow({ symbol: index, addend }: Relocation, bias: bigint): Referred | undefined {
    const symbol = this.symbols[index];
    switch (symbol?.place.kind) {
      case "undefined":
        return { kind: "symbol", name: symbol.name, addend: addend + bias };
      case "absolute":
        return { kind: "absolute", value: BigInt.asUintN(64, symbol.value + addend + bias) };
      case "section": {
        const section = this.object.sections[symbol.place.index];
        const offset = Number(BigInt.asIntN(64, symbol.value + addend + bias));
        return section === undefined ? undefined : { kind: "own", section, offset };
      }
      default:
        return undefined;
    }
  }

  /** `f+0x10`, `"text"`, `.rodata+0x20`, `printk`; tags of names left out. */
  nameOf(referred: Referred): string {
    switch (referred.kind) {
      case "absolute":
        return hexNumber(referred.value);
      case "symbol":
        return withOffset(withoutTag(referred.name), referred.addend);
      case "own":
        return this.#nameOfOwn(referred.section, referred.offset);
    }
  }

  /** The text that begins there, when it lies in a section of strings or ends before long. */
  textAt({ section, offset }: Extract<Referred, { kind: "own" }>): string | undefined {
    if (offset < 0 || offset >= section.size) return undefined;
    const rest = contentsOf(this.object, section).subarray(offset, offset + 4096);
    const end = rest.indexOf(0);
    return end < 0 ? undefined : Buffer.from(rest.subarray(0, end)).toString("utf8");
  }

  #nameOfOwn(section: Section, offset: number): string {
    const isStrings = (section.flags & SectionFlag.SHF_STRINGS) !== 0n && section.entrySize === 1;
    const text = isStrings ? this.textAt({ kind: "own", section, offset }) : undefined;
    if (text !== undefined) {
      return JSON.stringify(text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX - 3)}...` : text);
    }
    const label = this.#labels.get(section.index)?.get(offset);
    const around = this.#around(section, offset);
    if (around?.start === offset || label === undefined) {
      return around === undefined
        ? withOffset(section.name, BigInt(offset))
        : withOffset(around.name, BigInt(offset - around.start));
    }
    return label;
  }

  #around({ index }: Section, offset: number): SizedSymbol | undefined {
    const list = this.#sized.get(index) ?? [];
    const nearest = list[countBefore(list, ({ start }) => start <= offset) - 1];
    return nearest !== undefined && offset < nearest.end ? nearest : undefined;
  }

  #index({ name, place, type, value, size }: ElfSymbol): void {
    const isMark = type === "STT_SECTION" || type === "STT_FILE";
    if (isMark || name === "" || place.kind !== "section") return;
    const start = Number(value);
    if (size > 0n) {
      const list = this.#sized.get(place.index) ?? [];
      list.push({ name: withoutTag(name), start, end: start + Number(size) });
      this.#sized.set(place.index, list);
    } else {
      const labels = this.#labels.get(place.index) ?? new Map<number, string>();
      this.#labels.set(place.index, labels.set(start, withoutTag(name)));
    }
  }
}

function withOffset(name: string, offset: bigint): string {
  if (offset === 0n) return name;
  return `${name}${offset < 0n ? "-" : "+"}${hexNumber(offset < 0n ? -offset : offset)}`;
}

function attempt<Value>(read: () => Value, fallback: Value): Value {
  try {
    return read();
  } catch (error) {
    if (error instanceof XspliceError) return fallback;
    throw error;
  }
}
