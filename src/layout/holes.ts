// Bytes of a structure that no member has, and new members that would fit there. The room for a member counts
// from debug information: sizes are there, alignments follow from the types.

import { DwarfAttribute as A, DwarfTag as T } from "../dwarf/constants.ts";
import type { DebugEntry } from "../dwarf/entry.ts";
import { bareType, childrenOf, numberOf, type TypeModel, typeOf } from "../dwarf/model.ts";
import { membersByName } from "./describe.ts";

export interface Hole {
  /** From the start of the structure, in bytes. */
  readonly offset: number;
  readonly size: number;
  /** The member before it; undefined at the start. */
  readonly after: string | undefined;
}

export interface Member {
  readonly name: string;
  readonly offset: number;
  /** In bytes. */
  readonly size: number;
  readonly alignment: number;
  readonly isBits: boolean;
  /** An array without a length, or a structure that ends in one: its elements are in what follows. */
  readonly isOpen: boolean;
}

/** Of a structure; a union has none. */
export function holesOf(model: TypeModel, type: DebugEntry): readonly Hole[] {
  if (type.tag !== T.DW_TAG_structure_type) return [];
  const size = Number(numberOf(type, A.DW_AT_byte_size) ?? 0n);
  const found: Hole[] = [];
  let [end, after]: [number, string | undefined] = [0, undefined];
  let firstBits: number | undefined;
  let isOpen = false;
  const members = [...membersOf(model, type)].sort((left, right) => left.offset - right.offset);
  const addUpTo = (limit: number): void => {
    // Code that changes one of several bit-fields may write as many bytes at once as one number has.
    const written = firstBits === undefined ? end : firstBits + numberAround(end - firstBits);
    if (limit > end && written === end && !isOpen)
      found.push({ offset: end, size: limit - end, after });
  };
  for (const { name, offset, size: length, isBits, isOpen: open } of members) {
    addUpTo(offset);
    if (isBits) firstBits = firstBits !== undefined && offset <= end ? firstBits : offset;
    else firstBits = undefined;
    if (offset + length >= end) [end, after] = [offset + length, name];
    isOpen = open;
  }
  addUpTo(size);
  return found;
}

/** Of a bit-field, the bytes in which it has bits. */
export function membersOf(model: TypeModel, type: DebugEntry): readonly Member[] {
  return [...membersByName(type)].map(([name, member]) => {
    const width = numberOf(member, A.DW_AT_bit_size);
    if (width !== undefined) {
      const start = numberOf(member, A.DW_AT_data_bit_offset) ?? 0n;
      const [offset, end] = [Number(start / 8n), Number((start + width + 7n) / 8n)];
      return { name, offset, size: end - offset, alignment: 1, isBits: true, isOpen: false };
    }
    const declared = typeOf(model.info, member);
    return {
      name,
      offset: Number(numberOf(member, A.DW_AT_data_member_location) ?? 0n),
      size: sizeOf(model, declared),
      alignment: Number(numberOf(member, A.DW_AT_alignment) ?? alignmentOf(model, declared)),
      isBits: false,
      isOpen: isOpen(model, declared),
    };
  });
}

/** Which hole each member could get, all at once; without those that find none. */
export function placeInHoles(
  members: readonly Member[],
  holes: readonly Hole[],
): ReadonlyMap<Member, { readonly offset: number; readonly hole: Hole }> {
  const placed = new Map<Member, { readonly offset: number; readonly hole: Hole }>();
  const free = holes.map((hole) => ({ hole, offset: hole.offset }));
  const largestFirst = [...members].sort((left, right) => right.size - left.size);
  for (const member of largestFirst) {
    if (member.isBits || member.size === 0) continue;
    const fitting = free
      .map((place) => ({ place, offset: roundUp(place.offset, member.alignment) }))
      .filter(({ place: { hole }, offset }) => offset + member.size <= hole.offset + hole.size)
      .sort((left, right) => left.place.hole.size - right.place.hole.size);
    const [best] = fitting;
    if (best === undefined) continue;
    placed.set(member, { offset: best.offset, hole: best.place.hole });
    best.place.offset = best.offset + member.size;
  }
  return placed;
}

export function isInHole({ offset, size, isBits }: Member, holes: readonly Hole[]): boolean {
  return (
    !isBits &&
    holes.some((hole) => hole.offset <= offset && offset + size <= hole.offset + hole.size)
  );
}

/** In bytes; 0 for what has no size, as an array without a length. */
function sizeOf(model: TypeModel, declared: DebugEntry | undefined): number {
  const type = bareType(model.info, declared);
  if (type === undefined) return 0;
  const size = numberOf(type, A.DW_AT_byte_size);
  if (size !== undefined || type.tag !== T.DW_TAG_array_type) return Number(size ?? 0n);
  const element = sizeOf(model, typeOf(model.info, type));
  return childrenOf(type, T.DW_TAG_subrange_type).reduce((product, range) => {
    const last = numberOf(range, A.DW_AT_upper_bound);
    const count = numberOf(range, A.DW_AT_count) ?? (last === undefined ? 0n : last + 1n);
    return product * Number(count);
  }, element);
}

function isOpen(model: TypeModel, declared: DebugEntry | undefined): boolean {
  const type = bareType(model.info, declared);
  if (type === undefined) return false;
  if (type.tag === T.DW_TAG_array_type) return sizeOf(model, type) === 0;
  return childrenOf(type, T.DW_TAG_member).some((one) => isOpen(model, typeOf(model.info, one)));
}

/** By the rules of the ABI, or as the type says. */
function alignmentOf(model: TypeModel, declared: DebugEntry | undefined): number {
  const type = bareType(model.info, declared);
  if (type === undefined) return 1;
  const own = Math.max(
    ...[declared, type].map((one) => Number(one && numberOf(one, A.DW_AT_alignment)) || 0),
  );
  if (own > 0) return own;
  if (type.tag === T.DW_TAG_array_type) return alignmentOf(model, typeOf(model.info, type));
  const members = childrenOf(type, T.DW_TAG_member);
  if (members.length === 0) return Math.max(sizeOf(model, type), 1);
  return Math.max(...members.map((member) => alignmentOf(model, typeOf(model.info, member))));
}

/** The size of a number that has so many bytes: a power of two, or several of the largest. */
function numberAround(size: number): number {
  return size > 8 ? roundUp(size, 8) : 2 ** Math.ceil(Math.log2(Math.max(size, 1)));
}

function roundUp(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}
