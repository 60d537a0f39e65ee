// Code of a payload as lines for people: every instruction with the name of what it refers to, be it
// through a relocation or through a distance that the assembler filled in.

import type { ListedInstruction } from "../diff/listing.ts";
import { Machine } from "../elf/constants.ts";
import type { Relocation, Section } from "../elf/object.ts";
import { contentsOf } from "../elf/sections.ts";
import { disassemble } from "../isa/disassemble.ts";
import { nameOperand } from "../isa/name-operand.ts";
import { nameOfRelocation } from "../isa/relocate.ts";
import type { PayloadPlaces } from "./payload-places.ts";

/** Some bytes of one section that are code. */
export interface CodeRange {
  readonly section: Section;
  /** Into the section, in bytes. */
  readonly start: number;
  readonly size: number;
}

/** As much of the range as the section has. Bytes that are not an instruction become a line `(bad)`. */
export function listCode(places: PayloadPlaces, range: CodeRange): readonly ListedInstruction[] {
  const { section, start, size } = range;
  const { machine } = places.object.header;
  const bytes = contentsOf(places.object, section).subarray(start, start + size);
  const relocations = places.relocationsOf(section);
  const named = new Set<number>();
  const relocatedName = (fieldOffset: number, target?: bigint): string | undefined => {
    const relocation = relocations.get(start + fieldOffset);
    if (relocation === undefined) return undefined;
    named.add(fieldOffset);
    const isX86 = machine === Machine.EM_X86_64 && target !== undefined;
    const bias = isX86 ? biasOf(bytes, fieldOffset, target) : 0n;
    const referred = places.follow(relocation, bias);
    return referred === undefined ? undefined : places.nameOf(referred);
  };
  const lines = disassemble(machine, bytes, {
    address: 0n,
    resolveName: (target, fieldOffset) =>
      relocations.has(start + fieldOffset)
        ? relocatedName(fieldOffset, target)
        : insideName(places, { section, start }, target, bytes),
    resolveRelocation: relocatedName,
  });
  return lines.map(({ address, bytes: own, text }) => {
    const offset = Number(address);
    const others = othersIn(relocations, start + offset, own.length, named, start);
    const notes = others.map((relocation) => ` # ${constantName(places, relocation)}`);
    return { offset, bytes: own, text: nameOperand(text) + notes.join("") };
  });
}

/**
 * How far the addend is from what is meant: a distance of x86-64 counts from the end of the instruction,
 * which tells how far after the field it is.
 */
function biasOf(bytes: Uint8Array, fieldOffset: number, target: bigint): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const distance = fieldOffset + 4 <= bytes.length ? view.getInt32(fieldOffset, true) : 0;
  return target - BigInt(distance) - BigInt(fieldOffset);
}

/** Of a place that the assembler itself filled in: in the same function, or elsewhere in the section. */
function insideName(
  places: PayloadPlaces,
  { section, start }: Omit<CodeRange, "size">,
  target: bigint,
  { length }: Uint8Array,
): string | undefined {
  const inside = Number(BigInt.asIntN(64, target));
  if (inside >= 0 && inside < length) return `+0x${inside.toString(16)}`;
  const offset = start + inside;
  if (offset < 0 || offset >= section.size) return undefined;
  return places.nameOf({ kind: "own", section, offset });
}

/** Relocations of an instruction that are not named yet: mostly addresses of 64 bits. */
function othersIn(
  relocations: ReadonlyMap<number, Relocation>,
  start: number,
  length: number,
  named: ReadonlySet<number>,
  base: number,
): readonly Relocation[] {
  const found: Relocation[] = [];
  if (relocations.size === 0) return found;
  for (let offset = start; offset < start + length; offset++) {
    const relocation = relocations.get(offset);
    if (relocation !== undefined && !named.has(offset - base)) found.push(relocation);
  }
  return found;
}

function constantName(places: PayloadPlaces, relocation: Relocation): string {
  const referred = places.follow(relocation, 0n);
  const kind = nameOfRelocation(places.object.header.machine, relocation.type);
  return referred === undefined ? kind : `${places.nameOf(referred)} (${kind})`;
}
