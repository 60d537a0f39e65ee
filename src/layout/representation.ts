// How a value is stored, whatever C calls it: a structure of just one scalar is stored as the scalar is,
// and an array of such structures as an array of scalars. The scalar is the same one, sign included,
// since what was stored as one number would be read as another. Pointers count by the name of what they
// lead to: who follows them reads more than the pointer.

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
import { boundsOf, describeNameless, describeType } from "./describe.ts";

/** Equal exactly when the memory of a value is the same. */
export function representationOf(model: TypeModel, declared: DebugEntry | undefined): string {
  const type = bareType(model.info, declared);
  if (type === undefined) return describeType(model, type);
  const scalar = onlyScalarOf(model, type);
  if (scalar !== undefined) return describeType(model, scalar);
  if (type.tag === T.DW_TAG_array_type) {
    return `${representationOf(model, typeOf(model.info, type))}${boundsOf(type)}`;
  }
  const isNameless = structures.includes(type.tag) && model.nameOf(type) === undefined;
  if (!isNameless) return describeType(model, type);
  return describeNameless(model, type, representationOf);
}

const structures: readonly number[] = [T.DW_TAG_structure_type, T.DW_TAG_union_type];

/** All that a structure holds, through structures in it; undefined when that is more, less, or some bits. */
function onlyScalarOf(model: TypeModel, type: DebugEntry): DebugEntry | undefined {
  const [member, ...others] = childrenOf(type, T.DW_TAG_member);
  if (type.tag !== T.DW_TAG_structure_type || member === undefined || others.length > 0) {
    return undefined;
  }
  const held = bareType(model.info, typeOf(model.info, member));
  const isWhole =
    held !== undefined &&
    numberOf(member, A.DW_AT_bit_size) === undefined &&
    (numberOf(member, A.DW_AT_data_member_location) ?? 0n) === 0n &&
    numberOf(held, A.DW_AT_byte_size) === numberOf(type, A.DW_AT_byte_size);
  if (!isWhole) return undefined;
  return isScalar(held) ? held : onlyScalarOf(model, held);
}
