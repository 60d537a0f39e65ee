// What a payload's file says of its own code: the relocations by their place, and what it has by name.
// Each function that the payload carries is compared, so this is read once.

import type { ElfObject, Relocation, Section, SectionIndex } from "../elf/object.ts";
import { relocationsOf } from "../elf/relocations.ts";
import { contentsOf } from "../elf/sections.ts";
import { decodeKeeper } from "../isa/x86-keeper.ts";

/** A place in one of the payload's own sections. */
export interface OwnPlace {
  /** Of the section. */
  readonly index: SectionIndex;
  readonly offset: bigint;
}

export class PayloadCode {
  readonly object: ElfObject;
  readonly #relocations = new Map<Section, ReadonlyMap<number, Relocation>>();
  #places: ReadonlyMap<string, OwnPlace> | undefined;

  constructor(object: ElfObject) {
    this.object = object;
  }

  /** By their offsets into the section. */
  relocationsOf(section: Section): ReadonlyMap<number, Relocation> {
    const known = this.#relocations.get(section);
    if (known !== undefined) return known;
    const all = relocationsOf(this.object, section);
    const made = new Map(all.map((relocation) => [relocation.offset, relocation]));
    this.#relocations.set(section, made);
    return made;
  }

  /** By which the keeper at a place calls what lies elsewhere; none where no such keeper is. */
  callOfKeeper(index: SectionIndex, offset: number): Relocation | undefined {
    const section = this.object.sections[index];
    if (section === undefined) return undefined;
    const keeper = decodeKeeper(contentsOf(this.object, section).subarray(offset));
    return keeper && this.relocationsOf(section).get(offset + keeper.callField);
  }

  /** Of the first symbol of that name; none for what the payload only refers to. */
  findOwn(name: string): OwnPlace | undefined {
    this.#places ??= ownPlaces(this.object);
    return this.#places.get(name);
  }
}

function ownPlaces({ symbols }: ElfObject): ReadonlyMap<string, OwnPlace> {
  const found = new Map<string, OwnPlace>();
  for (const { name, place, value } of symbols) {
    if (place.kind !== "section" || found.has(name)) continue;
    found.set(name, { index: place.index, offset: value });
  }
  return found;
}
