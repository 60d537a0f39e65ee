// What each section refers to, by section and offset: the relocations, with the place that each of
// them denotes, and the distances that the assembler filled in. Only here is it known that an x86
// displacement counts from the end of its instruction, and that a bug frame has its line number above
// the displacement.

import type { ElfObject, ElfSymbol, Relocation, Section, SectionIndex } from "../../elf/object.ts";
import { relocationsOf } from "../../elf/relocations.ts";
import { filledBytes } from "../../isa/filled-bytes.ts";
import type { Reference } from "../atom.ts";
import type { SectionRule, TableField } from "../policy.ts";
import { requireDefined } from "../require-defined.ts";
import { type DistanceField, distanceFields, isCode } from "./code.ts";

type Place =
  | {
      readonly kind: "section";
      readonly index: SectionIndex;
      readonly offset: number;
      /** When a symbol with a name was used: the place is meant relative to that. */
      readonly symbol: ElfSymbol | undefined;
    }
  | { readonly kind: "external"; readonly symbol: ElfSymbol; readonly offset: bigint }
  | { readonly kind: "absolute"; readonly value: bigint };

/** A reference before anybody knows which atoms there are; `offset` is into the section. */
export type RawReference = Omit<Reference, "target"> & {
  readonly place: Place;
  /** A distance in data whose start is not known yet: it counts from where its table begins. */
  readonly isTableRelative: boolean;
};

export interface SectionInput {
  readonly object: ElfObject;
  readonly section: Section;
  readonly rule: SectionRule;
  /** Offsets of the symbols in the section. */
  readonly starts: readonly number[];
}

/** In order of their offsets; those that the assembler filled in may also stay inside of an atom. */
export function rawReferences(input: SectionInput): readonly RawReference[] {
  const { object, section, starts } = input;
  const relocations = relocationsOf(object, section);
  const inCode = isCode(section);
  if (!inCode) {
    const found = relocations.map((relocation) => fromRelocation(input, relocation, noFields));
    return sortedByOffset(found);
  }
  const relocated = new Set(relocations.map(({ offset }) => offset));
  const fields = distanceFields(object, section, starts, relocated);
  const found = relocations.map((relocation) => fromRelocation(input, relocation, fields));
  for (const field of fields.values()) {
    if (!relocated.has(field.offset)) found.push(fromField(section, field));
  }
  return sortedByOffset(found);
}

const noFields: ReadonlyMap<number, DistanceField> = new Map();

/** Relocations nearly always are. */
function sortedByOffset(references: RawReference[]): readonly RawReference[] {
  let last = 0;
  for (const { offset } of references) {
    if (offset < last) return references.sort((left, right) => left.offset - right.offset);
    last = offset;
  }
  return references;
}

function fromField(section: Section, field: DistanceField): RawReference {
  const { offset, size, bias, use, isInstruction, target } = field;
  return {
    offset,
    size,
    bias,
    use,
    isInstruction,
    place: { kind: "section", index: section.index, offset: target, symbol: undefined },
    relocation: undefined,
    lineBits: undefined,
    isTableRelative: false,
  };
}

function fromRelocation(
  input: SectionInput,
  relocation: Relocation,
  fields: ReadonlyMap<number, DistanceField>,
): RawReference {
  const { object, rule } = input;
  const { offset, type, addend } = relocation;
  const symbol = requireDefined(object.symbols[relocation.symbol]);
  const { size, isRelative, isInstruction } = filledBytes(object.header.machine, type);
  const tableField = tableFieldAt(rule, offset);
  const { distance, lineBits } = splitAddend(addend, tableField);
  const inCode = fields !== noFields;
  const field = inCode ? fields.get(offset) : undefined;
  const bias = inCode && isRelative ? (field?.bias ?? size) : 0;
  const fromEntry = tableField?.relativeTo === "entry" ? tableField.offset : 0;
  return {
    offset,
    size,
    bias,
    isInstruction,
    use: inCode ? (field?.use ?? "address") : "data",
    place: placeOf(symbol, distance, bias - fromEntry),
    relocation: { type, symbol, addend },
    lineBits,
    isTableRelative: !inCode && isRelative && tableField === undefined,
  };
}

/** The field of a table's entry that lies at an offset of the section. */
export function tableFieldAt({ layout }: SectionRule, offset: number): TableField | undefined {
  if (layout === undefined) return undefined;
  const { entrySize, fields } = layout;
  const at = entrySize === undefined ? offset : offset % entrySize;
  return fields.find((field) => field.offset === at);
}

function splitAddend(
  addend: bigint,
  field: TableField | undefined,
): { readonly distance: bigint; readonly lineBits: number | undefined } {
  if (field?.placeBits === undefined) return { distance: addend, lineBits: undefined };
  const distance = BigInt.asIntN(field.placeBits, addend);
  return { distance, lineBits: Number((addend - distance) >> BigInt(field.placeBits)) };
}

/** `shift` is a part of the distance; most are 0 or a few bytes, and big integers are slow. */
function placeOf(symbol: ElfSymbol, distance: bigint, shift: number): Place {
  switch (symbol.place.kind) {
    case "section": {
      const isNamed = symbol.type !== "STT_SECTION" && !symbol.name.startsWith(".L");
      return {
        kind: "section",
        index: symbol.place.index,
        offset: Number(symbol.value) + Number(distance) + shift,
        symbol: isNamed ? symbol : undefined,
      };
    }
    case "absolute":
      return { kind: "absolute", value: symbol.value + distance + BigInt(shift) };
    case "common":
    case "undefined": {
      const offset = shift === 0 ? distance : distance + BigInt(shift);
      if (symbol.index === 0) return { kind: "absolute", value: offset };
      return { kind: "external", symbol, offset };
    }
  }
}
