// What the tables of a relocatable object say of code that is not where it runs: alternatives, and where
// execution goes on after a fault (ABI reference §1.8).

import { ByteReader } from "../bytes/byte-reader.ts";
import type { ElfObject, Relocation, Section, SectionIndex } from "../elf/object.ts";
import { relocationsOf } from "../elf/relocations.ts";
import { contentsOf } from "../elf/sections.ts";
import { ALTERNATIVE_SIZE, readAlternative } from "../xen-abi/alternatives.ts";
import { EXCEPTION_ENTRY_SIZE } from "../xen-abi/exception-table.ts";
import type { Alternative } from "./function-code.ts";
import { alternativeOf } from "./hidden-code.ts";

export interface SectionPlace {
  readonly section: SectionIndex;
  readonly offset: number;
}

interface PlacedAlternative extends SectionPlace {
  readonly sizeBytes: number;
  readonly replacement: Uint8Array;
}

interface PlacedFault extends SectionPlace {
  readonly to: SectionPlace;
}

/** Of the second field of an entry, which says where the other code is, from the entry's start. */
const SECOND_FIELD = 4;
const FIELDS = 2;

export class ObjectTables {
  readonly #alternatives: readonly PlacedAlternative[];
  readonly #faults: readonly PlacedFault[];

  constructor(object: ElfObject) {
    const named = (name: RegExp) => object.sections.filter((section) => name.test(section.name));
    this.#alternatives = named(/^\.altinstructions(\.|$)/).flatMap((table) =>
      alternativesOf(object, table),
    );
    this.#faults = named(/^\.ex_table(\.|$)/).flatMap((table) => faultsOf(object, table));
  }

  /** As offsets from `start`. */
  alternativesIn(section: SectionIndex, start: number, end: number): readonly Alternative[] {
    return within(this.#alternatives, section, start, end).map(
      ({ offset, sizeBytes, replacement }) =>
        alternativeOf({ start: offset - start, end: offset - start + sizeBytes, replacement }),
    );
  }

  faultsIn(section: SectionIndex, start: number, end: number): readonly PlacedFault[] {
    return within(this.#faults, section, start, end);
  }
}

function within<Placed extends SectionPlace>(
  all: readonly Placed[],
  section: SectionIndex,
  start: number,
  end: number,
): readonly Placed[] {
  return all.filter((one) => one.section === section && start <= one.offset && one.offset < end);
}

function alternativesOf(object: ElfObject, table: Section): readonly PlacedAlternative[] {
  const relocations = byOffset(object, table);
  const bytes = contentsOf(object, table);
  // Old releases have no padding; how many entries there are tells which it is.
  const isPadded = relocations.size * ALTERNATIVE_SIZE.padded === bytes.length * FIELDS;
  const layout = isPadded ? "padded" : "plain";
  const reader = new ByteReader(bytes, `section "${table.name}"`);
  return entriesOf(table, ALTERNATIVE_SIZE[layout]).flatMap((start) => {
    const original = placeOf(object, relocations.get(start));
    const other = placeOf(object, relocations.get(start + SECOND_FIELD));
    if (original === undefined) return [];
    reader.seek(start);
    const { originalSize, paddingSize = 0, replacementSize } = readAlternative(reader, layout);
    const replacement = bytesAt(object, other, replacementSize);
    return [{ ...original, sizeBytes: originalSize + paddingSize, replacement }];
  });
}

function faultsOf(object: ElfObject, table: Section): readonly PlacedFault[] {
  const relocations = byOffset(object, table);
  return entriesOf(table, EXCEPTION_ENTRY_SIZE).flatMap((start) => {
    const from = placeOf(object, relocations.get(start));
    const to = placeOf(object, relocations.get(start + SECOND_FIELD));
    return from === undefined || to === undefined ? [] : [{ ...from, to }];
  });
}

function entriesOf({ size: length }: Section, size: number): readonly number[] {
  return Array.from({ length: Math.floor(length / size) }, (_, index) => index * size);
}

function byOffset(object: ElfObject, table: Section): ReadonlyMap<number, Relocation> {
  return new Map(relocationsOf(object, table).map((one) => [one.offset, one]));
}

function placeOf(
  { symbols }: ElfObject,
  relocation: Relocation | undefined,
): SectionPlace | undefined {
  if (relocation === undefined) return undefined;
  const symbol = symbols[relocation.symbol];
  if (symbol?.place.kind !== "section") return undefined;
  return { section: symbol.place.index, offset: Number(symbol.value + relocation.addend) };
}

function bytesAt(object: ElfObject, place: SectionPlace | undefined, size: number): Uint8Array {
  if (place === undefined) return new Uint8Array();
  const section = object.sections[place.section];
  if (section === undefined) return new Uint8Array();
  return contentsOf(object, section).subarray(place.offset, place.offset + size);
}
