// The whole code and data of a payload, for following its addresses: resolves each reference to its
// place, whether a relocation has it or the assembler filled it in.

import { SectionFlag } from "../../elf/constants.ts";
import type { DraftRelocation, DraftSection, DraftSymbol, ElfDraft } from "../../elf/draft.ts";
import { X86Relocation } from "../../isa/x86.ts";
import { AddressFlow } from "../../isa/x86-address-flow.ts";
import { livepatchSections, specialTableSections } from "../../xen-abi/sections.ts";
import { Survivors } from "./survivors.ts";

/** A place in the payload, or an undefined symbol. */
export type Place =
  | { readonly kind: "own"; readonly section: DraftSection; readonly offset: number }
  | { readonly kind: "outside"; readonly name: string };

export interface CodeSection {
  readonly section: DraftSection;
  readonly flow: AddressFlow;
  readonly relocations: ReadonlyMap<number, DraftRelocation>;
}

/** Sections that Xen reads itself, which may contain the payload's own addresses. */
const tables: ReadonlySet<string> = new Set([...livepatchSections, ...specialTableSections]);

export class PayloadCode {
  readonly draft: ElfDraft;
  readonly sections: readonly DraftSection[];
  readonly #code = new Map<DraftSection, CodeSection>();
  readonly #named = new Map<DraftSection, DraftSymbol[]>();
  readonly #survivors = new Survivors({
    startsIn: (section) => this.#startsIn(section),
    relocationsOf: (section) => this.#relocationsOf(section),
  });
  readonly #relocations = new Map<DraftSection, ReadonlyMap<number, DraftRelocation>>();

  constructor(draft: ElfDraft) {
    this.draft = draft;
    for (const symbol of draft.symbols) {
      const { place, type } = symbol;
      if (typeof place === "string" || !namedTypes.includes(type)) continue;
      const known = this.#named.get(place) ?? [];
      this.#named.set(place, known);
      known.push(symbol);
    }
    const isLoaded = ({ flags }: DraftSection) => (flags & SectionFlag.SHF_ALLOC) !== 0n;
    this.sections = draft.sections.filter((one) => isLoaded(one) && !tables.has(one.name));
  }

  /** Undefined for data. Decoded on first use. */
  codeOf(section: DraftSection): CodeSection | undefined {
    const known = this.#code.get(section);
    if (known !== undefined || !isCode(section)) return known;
    const { content } = section;
    if (!(content instanceof Uint8Array)) return undefined;
    const relocations = this.#relocationsOf(section);
    const fields = new Set(relocations.keys());
    const survivors = this.#survivors.in(section);
    const flow = new AddressFlow(content, fields, this.#startsIn(section), survivors);
    const code = { section, flow, relocations };
    this.#code.set(section, code);
    return code;
  }

  #startsIn(section: DraftSection): readonly number[] {
    return (this.#named.get(section) ?? [])
      .filter(({ type }) => type === "STT_FUNC")
      .map(({ value }) => Number(value));
  }

  /** The target of the field of an instruction that ends at `end`. */
  placeOf(code: CodeSection, field: number, end: number, target: number): Place {
    const relocation = code.relocations.get(field);
    if (relocation === undefined) return { kind: "own", section: code.section, offset: target };
    return placeOfSymbol(relocation, end - field);
  }

  /** The function or object that contains the place. */
  symbolAt({ section, offset }: Place & { readonly kind: "own" }): DraftSymbol | undefined {
    return this.#named
      .get(section)
      ?.find(({ value, size }) => value <= offset && offset < value + size);
  }

  /** The target of a pointer at this place in the payload's data, after loading. */
  pointerAt({ section, offset }: Place & { readonly kind: "own" }): Place | undefined {
    const relocation = this.#relocationsOf(section).get(offset);
    return relocation && addressIn(relocation);
  }

  #relocationsOf(section: DraftSection): ReadonlyMap<number, DraftRelocation> {
    const known = this.#relocations.get(section);
    if (known !== undefined) return known;
    const made = new Map(section.relocations.map((one) => [one.offset, one]));
    this.#relocations.set(section, made);
    return made;
  }
}

const namedTypes: readonly string[] = ["STT_FUNC", "STT_OBJECT"];

export function isCode({ flags }: DraftSection): boolean {
  return (flags & SectionFlag.SHF_EXECINSTR) !== 0n;
}

/** A whole address, in data. */
export function addressIn(relocation: DraftRelocation): Place | undefined {
  return relocation.type === X86Relocation.R_X86_64_64 ? placeOfSymbol(relocation, 0) : undefined;
}

function placeOfSymbol({ symbol, addend }: DraftRelocation, bias: number): Place {
  const { place, value, name } = symbol;
  if (typeof place === "string") return { kind: "outside", name };
  return { kind: "own", section: place, offset: Number(value + addend) + bias };
}
