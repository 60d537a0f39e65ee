// A number that a union shows as a whole and by its bits. Bits without a name are stored all the same: the number
// has them. So a fix that names one more of them changes nothing that is stored.

import { DwarfAttribute as A, DwarfTag as T } from "../dwarf/constants.ts";
import type { DebugEntry } from "../dwarf/entry.ts";
import {
  bareType,
  childrenOf,
  isScalar,
  numberOf,
  type TypeModel,
  typeOf,
} from "../dwarf/model.ts";
import { describeType, layoutOf, membersByName, textOfPart } from "./describe.ts";

/** A declared type, in the debug information of its side. */
export interface Declared {
  readonly model: TypeModel;
  readonly type: DebugEntry | undefined;
}

/** A union of a number and its bits, or a member that is one, whose bits have other names only. */
export function isSameButForNames(part: string, before: Declared, after: Declared): boolean {
  if (namesBitsOnly(before, after)) return true;
  const [was, is] = [before, after].map(({ model, type }): Declared => {
    const member = type && membersByName(type).get(part);
    return { model, type: member && typeOf(model.info, member) };
  });
  return was !== undefined && is !== undefined && namesBitsOnly(was, is);
}

/** Whether both are unions of the same number, and one names more bits of it than the other. */
function namesBitsOnly(before: Declared, after: Declared): boolean {
  return namesMoreBits(before, after) || namesMoreBits(after, before);
}

function namesMoreBits(before: Declared, after: Declared): boolean {
  const [was, is] = [unionOf(before), unionOf(after)];
  if (was === undefined || is === undefined || sizeOf(was) !== sizeOf(is)) return false;
  const [old, fixed] = [membersByName(was), membersByName(is)];
  if ([...fixed.keys()].some((name) => !old.has(name))) return false;
  let hasWhole = false;
  for (const [name, member] of old) {
    const other = fixed.get(name);
    if (other === undefined) return false;
    const [one, two] = [held(before, member), held(after, other)];
    const isSame = describeType(one.model, one.type) === describeType(two.model, two.type);
    if (!isSame && !keepsBits(one, two)) return false;
    if (isSame && isWhole(one, member, was)) hasWhole = true;
  }
  return hasWhole;
}

function unionOf({ model, type }: Declared): DebugEntry | undefined {
  const bare = bareType(model.info, type);
  return bare?.tag === T.DW_TAG_union_type ? bare : undefined;
}

function held({ model }: Declared, member: DebugEntry): Declared {
  return { model, type: typeOf(model.info, member) };
}

function sizeOf(type: DebugEntry | undefined): bigint | undefined {
  return type && numberOf(type, A.DW_AT_byte_size);
}

/** One number with all bits of the union. */
function isWhole({ model, type }: Declared, member: DebugEntry, union: DebugEntry): boolean {
  const bare = bareType(model.info, type);
  return (
    bare !== undefined &&
    isScalar(bare) &&
    numberOf(member, A.DW_AT_bit_size) === undefined &&
    sizeOf(bare) === sizeOf(union)
  );
}

/** Structures of bits without a name: each bit that has a name goes on with it at its place. */
function keepsBits(before: Declared, after: Declared): boolean {
  const [was, is] = [bitsOf(before), bitsOf(after)];
  return was !== undefined && is !== undefined && [...was].every((bit) => is.has(bit));
}

function bitsOf({ model, type }: Declared): ReadonlySet<string> | undefined {
  const bare = bareType(model.info, type);
  if (bare?.tag !== T.DW_TAG_structure_type || model.nameOf(bare) !== undefined) return undefined;
  const members = childrenOf(bare, T.DW_TAG_member);
  if (members.some((member) => numberOf(member, A.DW_AT_bit_size) === undefined)) return undefined;
  const { parts } = layoutOf(model, bare);
  return new Set([...parts].map(([name, part]) => `${name} at ${textOfPart(part)}`));
}
