// Fields of special tables that say where something lies: distances from somewhere near the field.

import type { ByteReader } from "../bytes/byte-reader.ts";
import type { Section } from "../elf/object.ts";
import type { PayloadPlaces, Referred } from "./payload-places.ts";

/** A table that is being read. */
export interface TableReader {
  readonly places: PayloadPlaces;
  readonly section: Section;
  readonly reader: ByteReader;
}

/** Calls `decode` with where each entry of `size` bytes starts; ends after the last whole one. */
export function eachEntry<Entry>(
  { reader }: TableReader,
  size: number,
  decode: (start: number) => Entry,
): readonly Entry[] {
  const entries: Entry[] = [];
  for (let start = 0; start + size <= reader.length; start += size) {
    reader.seek(start);
    entries.push(decode(start));
    reader.seek(start + size);
  }
  return entries;
}

/** What the field at `offset` of the table holds a distance to, counted from the field itself. */
export function nameOfField(table: TableReader, offset: number): string {
  const { relocated, value } = readField(table, offset);
  return nameOf(table, relocated, value, offset);
}

/**
 * The same where the distance has only the lower 24 bits, counted from `origin`; the bits above it are
 * given back beside the name.
 */
export function narrowField(
  table: TableReader,
  offset: number,
  origin: number,
): { readonly name: string; readonly upper: number } {
  const { relocated, value } = readField(table, offset);
  if (relocated === undefined) {
    const distance = BigInt.asIntN(24, value);
    const name = nameOf(table, undefined, distance, origin);
    return { name, upper: Number((value - distance) >> 24n) };
  }
  // What the linker makes of it is `place - origin + (upper << 24)`, and places are small.
  const bias = BigInt(origin - offset);
  if (relocated.kind === "absolute") return { name: nameOf(table, relocated, 0n, 0), upper: 0 };
  const place = (relocated.kind === "own" ? BigInt(relocated.offset) : relocated.addend) + bias;
  const distance = BigInt.asIntN(24, place);
  const upper = Number((place - distance) >> 24n);
  const moved: Referred =
    relocated.kind === "own"
      ? { ...relocated, offset: Number(distance) }
      : { ...relocated, addend: distance };
  return { name: table.places.nameOf(moved), upper };
}

/** A distance from the entry's start rather than from the field. */
export function nameFromEntry(table: TableReader, offset: number, entryStart: number): string {
  const { relocated, value } = readField(table, offset);
  if (relocated === undefined) return nameOf(table, undefined, value, entryStart);
  return nameOf(table, shifted(relocated, entryStart - offset), value, entryStart);
}

interface Field {
  /** Where the relocation of the field leads, if it has one. */
  readonly relocated: Referred | undefined;
  /** What stands in the file. */
  readonly value: bigint;
}

function readField({ places, section, reader }: TableReader, offset: number): Field {
  const relocation = places.relocationsOf(section).get(offset);
  const relocated = relocation && places.follow(relocation, 0n);
  const position = reader.offset;
  reader.seek(offset);
  const value = BigInt(reader.i32("distance"));
  reader.seek(position);
  return { relocated, value };
}

function nameOf(
  { places, section }: TableReader,
  relocated: Referred | undefined,
  distance: bigint,
  origin: number,
): string {
  const own = { kind: "own", section, offset: origin + Number(distance) } as const;
  return places.nameOf(relocated ?? own);
}

function shifted(referred: Referred, by: number): Referred {
  switch (referred.kind) {
    case "own":
      return { ...referred, offset: referred.offset + by };
    case "symbol":
      return { ...referred, addend: referred.addend + BigInt(by) };
    case "absolute":
      return referred;
  }
}
