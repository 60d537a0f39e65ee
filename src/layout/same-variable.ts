// Is a variable of one object laid out as one of another object? For a variable that the fix moves: what
// it holds was put there by the old code. Types are compared down to numbers, whatever they are called,
// since a type of a .c file moves along; pointers count by the name of what they lead to.

import { DwarfAttribute as A, DwarfTag as T } from "../dwarf/constants.ts";
import { attributeOf, type DebugEntry } from "../dwarf/entry.ts";
import { bareType, childrenOf, numberOf, type TypeModel, textOf, typeOf } from "../dwarf/model.ts";
import { entriesOf } from "../dwarf/read.ts";
import { describeType } from "./describe.ts";
import { originOf } from "./reach.ts";

/** False where one side has no debug information about it. */
export function isSameVariable(
  name: string,
  before: TypeModel | undefined,
  after: TypeModel | undefined,
): boolean {
  const [old, fixed] = [before, after].map((model) => model && memoryOf(name, model));
  return old !== undefined && old === fixed;
}

function memoryOf(name: string, model: TypeModel): string | undefined {
  const definition = entriesOf(model.info, T.DW_TAG_variable).find(
    (entry) =>
      attributeOf(entry, A.DW_AT_location) !== undefined &&
      textOf(originOf(model, entry), A.DW_AT_name) === name,
  );
  if (definition === undefined) return undefined;
  const { info } = model;
  return describe(model, typeOf(info, definition) ?? typeOf(info, originOf(model, definition)));
}

function describe(model: TypeModel, declared: DebugEntry | undefined): string {
  const type = bareType(model.info, declared);
  switch (type?.tag) {
    case T.DW_TAG_base_type:
    case T.DW_TAG_enumeration_type:
      return `number of ${numberOf(type, A.DW_AT_byte_size) ?? 0n} bytes`;
    case T.DW_TAG_array_type: {
      const bounds = childrenOf(type, T.DW_TAG_subrange_type).map(
        (range) => numberOf(range, A.DW_AT_upper_bound) ?? numberOf(range, A.DW_AT_count),
      );
      return `[${bounds.join(" ")}] of ${describe(model, typeOf(model.info, type))}`;
    }
    case T.DW_TAG_structure_type:
    case T.DW_TAG_union_type: {
      const members = childrenOf(type, T.DW_TAG_member).map((member) => {
        const place = [A.DW_AT_data_member_location, A.DW_AT_data_bit_offset, A.DW_AT_bit_size].map(
          (attribute) => numberOf(member, attribute) ?? "",
        );
        return `${textOf(member, A.DW_AT_name) ?? ""} ${place.join(" ")} ${describe(model, typeOf(model.info, member))}`;
      });
      return `${numberOf(type, A.DW_AT_byte_size) ?? 0n} {${members.join("; ")}}`;
    }
    default:
      return describeType(model, type);
  }
}
