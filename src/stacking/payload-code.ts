// What a payload's file says of its own code: the relocations by their place, and what it has by name.
// Each function that the payload carries is compared, so this is read once.

import type { ElfObject, Relocation, Section, SectionIndex } from "../elf/object.ts";
import { relocationsOf } from "../elf/relocations.ts";
import { contentsOf, findSection } from "../elf/sections.ts";
import { decodeKeeper } from "../isa/x86-keeper.ts";
import type { OldAddress, PayloadFunction } from "../payload/payload.ts";
import type { PayloadBelow } from "../running/payload-below.ts";

/** A place in one of the payload's own sections. */
export interface OwnPlace {
  /** Of the section. */
  readonly index: SectionIndex;
  readonly offset: bigint;
}

/** Where something lies in a payload's file. */
export interface PayloadPlace {
  readonly section: Section;
  /** Into the section, in bytes. */
  readonly offset: number;
}

export interface CarriedBody {
  readonly place: PayloadPlace;
  readonly sizeBytes: number;
}

export class PayloadCode {
  readonly object: ElfObject;
  readonly #functions: readonly PayloadFunction[];
  readonly #relocations = new Map<Section, ReadonlyMap<number, Relocation>>();
  #places: ReadonlyMap<string, OwnPlace> | undefined;
  #newBodies: ReadonlyMap<string, CarriedBody> | undefined;

  constructor({ object, payload }: Pick<PayloadBelow, "object" | "payload">) {
    this.object = object;
    this.#functions = payload.functions;
  }

  /** Of a function that it replaces, by the name of that one, without what the emitter has put in front. */
  findNewBody(replaced: string): CarriedBody | undefined {
    this.#newBodies ??= newBodiesOf(this.object, this.#functions);
    return this.#newBodies.get(replaced);
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

/** The name of what an entry replaces, if the file says it. */
export function oldNameOf({ oldAddress, name }: PayloadFunction): string | undefined {
  const byKind: Readonly<Record<OldAddress["kind"], string | undefined>> = {
    symbol: oldAddress.kind === "symbol" ? oldAddress.symbol : undefined,
    name,
    own: undefined,
    address: undefined,
  };
  return byKind[oldAddress.kind];
}

function newBodiesOf(
  object: ElfObject,
  functions: readonly PayloadFunction[],
): ReadonlyMap<string, CarriedBody> {
  const found = new Map<string, CarriedBody>();
  for (const entry of functions) {
    const name = oldNameOf(entry);
    if (name === undefined || entry.kind !== "replace" || entry.newAddress.kind !== "own") continue;
    const section = findSection(object, entry.newAddress.section);
    if (section === undefined || found.has(name)) continue;
    const place = { section, offset: entry.newAddress.offset };
    found.set(name, behindKeeper(object, { place, sizeBytes: entry.newSize }));
  }
  return found;
}

/** The emitter may have put a keeper in front of a new body; the patches know nothing of that. */
function behindKeeper(object: ElfObject, { place, sizeBytes }: CarriedBody): CarriedBody {
  const { section, offset } = place;
  const keeper = decodeKeeper(contentsOf(object, section).subarray(offset, offset + sizeBytes));
  if (keeper?.callee === undefined) return { place, sizeBytes };
  return {
    place: { section, offset: offset + keeper.callee },
    sizeBytes: sizeBytes - keeper.callee,
  };
}

function ownPlaces({ symbols }: ElfObject): ReadonlyMap<string, OwnPlace> {
  const found = new Map<string, OwnPlace>();
  for (const { name, place, value } of symbols) {
    if (place.kind !== "section" || found.has(name)) continue;
    found.set(name, { index: place.index, offset: value });
  }
  return found;
}
