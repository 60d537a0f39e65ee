// A type's layout as a text that is equal exactly when the memory layout is: members with their offsets
// and types. Types with a name appear by name, because each of them is compared separately.

import { DwarfAttribute as A, DwarfTag as T } from "../dwarf/constants.ts";
import type { DebugEntry } from "../dwarf/entry.ts";
import {
  bareType,
  childrenOf,
  keywordOf,
  numberOf,
  type TypeModel,
  textOf,
  typeOf,
} from "../dwarf/model.ts";

export interface Layout {
  /** In bytes; 0 when the type has none. */
  readonly size: bigint;
  /** Members by name and enumerators alike, in order. */
  readonly parts: ReadonlyMap<string, LayoutPart>;
}

export interface LayoutPart {
  /** `offset 8`, `bit 3`, `value 2` */
  readonly place: string;
  /** For a member: its type, and its number of bits. */
  readonly what: string | undefined;
}

/** `offset 8, int` */
export function textOfPart({ place, what }: LayoutPart): string {
  return what === undefined ? place : `${place}, ${what}`;
}

/** The kind of a type, as text. */
export type DescribeType = (model: TypeModel, declared: DebugEntry | undefined) => string;

export function layoutOf(
  model: TypeModel,
  type: DebugEntry,
  describe: DescribeType = describeType,
): Layout {
  const size = numberOf(type, A.DW_AT_byte_size) ?? 0n;
  if (type.tag === T.DW_TAG_enumeration_type) return { size, parts: enumeratorsOf(type) };
  const parts = new Map<string, LayoutPart>();
  for (const [name, member] of membersByName(type)) {
    const type = describe(model, typeOf(model.info, member));
    const bits = numberOf(member, A.DW_AT_bit_size);
    const width = bits === undefined ? "" : `${bits} bit${bits === 1n ? "" : "s"}, `;
    parts.set(name, { place: placeOf(member), what: `${width}${type}` });
  }
  return { size, parts };
}

/** Those without a name are numbered among themselves, so that a new member with a name changes none. */
export function membersByName(type: DebugEntry): ReadonlyMap<string, DebugEntry> {
  let nameless = 0;
  return new Map(
    childrenOf(type, T.DW_TAG_member).map((member) => {
      const name = textOf(member, A.DW_AT_name);
      return [name ?? `(nameless member ${++nameless})`, member];
    }),
  );
}

function enumeratorsOf(type: DebugEntry): Layout["parts"] {
  return new Map(
    childrenOf(type, T.DW_TAG_enumerator).map((enumerator) => [
      textOf(enumerator, A.DW_AT_name) ?? "",
      { place: `value ${numberOf(enumerator, A.DW_AT_const_value) ?? 0n}`, what: undefined },
    ]),
  );
}

/** Union members have no place: all are at the start. */
function placeOf(member: DebugEntry): string {
  if (numberOf(member, A.DW_AT_bit_size) !== undefined) {
    return `bit ${numberOf(member, A.DW_AT_data_bit_offset) ?? 0n}`;
  }
  return `offset ${numberOf(member, A.DW_AT_data_member_location) ?? 0n}`;
}

export function describeType(model: TypeModel, declared: DebugEntry | undefined): string {
  const type = bareType(model.info, declared);
  if (type === undefined) return "void";
  // Most members of an object are of few types.
  const known = described.get(type);
  if (known !== undefined) return known;
  const text = describeBare(model, type);
  described.set(type, text);
  return text;
}

const described = new WeakMap<DebugEntry, string>();

function describeBare(model: TypeModel, type: DebugEntry): string {
  const target = (): string => describeType(model, typeOf(model.info, type));
  switch (type.tag) {
    case T.DW_TAG_pointer_type:
      return `${target()} *`;
    case T.DW_TAG_array_type:
      return `${target()}${boundsOf(type)}`;
    case T.DW_TAG_subroutine_type:
      return "function";
    case T.DW_TAG_structure_type:
    case T.DW_TAG_union_type:
    case T.DW_TAG_enumeration_type:
      return model.nameOf(type) ?? describeNameless(model, type);
    default:
      return `${textOf(type, A.DW_AT_name) ?? "type"}`;
  }
}

export function describeNameless(
  model: TypeModel,
  type: DebugEntry,
  describe: DescribeType = describeType,
): string {
  const { size, parts } = layoutOf(model, type, describe);
  const members = [...parts].map(([name, what]) => `${name} at ${textOfPart(what)}`);
  return `${keywordOf(type)} of ${size} bytes { ${members.join("; ")} }`;
}

/** `[2][4]`, of an array. */
export function boundsOf(array: DebugEntry): string {
  const bounds = childrenOf(array, T.DW_TAG_subrange_type).map((range) => {
    const last = numberOf(range, A.DW_AT_upper_bound);
    return numberOf(range, A.DW_AT_count) ?? (last === undefined ? "" : last + 1n);
  });
  return bounds.map((bound) => `[${bound}]`).join("");
}
