// Variables in memory whose own type differs, where no type with a name tells it: nameless structures,
// arrays of another element, pointers to another type. Constants hold nothing that was put there, and
// how long an array is the comparison of objects tells.

import { DwarfAttribute as A, DwarfTag as T } from "../dwarf/constants.ts";
import type { DebugEntry } from "../dwarf/entry.ts";
import { bareType, childrenOf, numberOf, type TypeModel, textOf, typeOf } from "../dwarf/model.ts";
import { entriesOf } from "../dwarf/read.ts";
import { describeType } from "./describe.ts";
import type { PartChange } from "./layout-change.ts";
import { isInMemory, labelOf, originOf } from "./reach.ts";
import { representationOf } from "./representation.ts";

export interface VariableChange {
  /** `variable "equiv"`, `variable "count" of "f"` */
  readonly variable: string;
  readonly changes: readonly PartChange[];
}

/** Only for variables that exist on both sides. */
export function changedVariables(old: TypeModel, fixed: TypeModel): readonly VariableChange[] {
  const [before, after] = [variablesOf(old), variablesOf(fixed)];
  return [...before].flatMap(([label, { name, kinds: were }]) => {
    const are = after.get(label)?.kinds ?? were;
    // A declaration may say less than the definition: only a type that is on one side counts.
    const gone = [...were].filter(([kind]) => !are.has(kind));
    const come = [...are].filter(([kind]) => !were.has(kind));
    const [[, was] = [], [, is] = []] = [gone[0], come[0]];
    if (was === undefined || is === undefined) return [];
    const [stored, read] = [gone, come].map((kinds) =>
      [...new Set(kinds.map(([, { representation }]) => representation))].sort().join(),
    );
    const kind = stored === read ? "same-representation" : "own";
    const text = `its type is ${was.type} → ${is.type}`;
    return [{ variable: `variable ${label}`, changes: [{ part: name, text, kind }] }];
  });
}

interface Variable {
  readonly name: string;
  /** By how its memory is read. */
  readonly kinds: Map<string, VariableType>;
}

interface VariableType {
  /** As text. */
  readonly type: string;
  readonly representation: string;
}

function variablesOf(model: TypeModel): ReadonlyMap<string, Variable> {
  const found = new Map<string, Variable>();
  for (const entry of entriesOf(model.info, T.DW_TAG_variable)) {
    if (!isInMemory(entry)) continue;
    const origin = originOf(model, entry);
    const type = typeOf(model.info, entry) ?? typeOf(model.info, origin);
    if (isConstant(model, type)) continue;
    const label = labelOf(origin);
    const variable = found.get(label) ?? {
      name: textOf(origin, A.DW_AT_name) ?? "",
      kinds: new Map(),
    };
    variable.kinds.set(kindOf(model, type), {
      type: describeType(model, type),
      representation: representationOf(model, type),
    });
    found.set(label, variable);
  }
  return found;
}

/** Numbers of one size are read in the same way, and so are pointers to any numbers. */
function kindOf(model: TypeModel, declared: DebugEntry | undefined): string {
  const type = bareType(model.info, declared);
  if (type === undefined || type.tag === T.DW_TAG_base_type) {
    return `number of ${type === undefined ? 0n : numberOf(type, A.DW_AT_byte_size)} bytes`;
  }
  if (type.tag === T.DW_TAG_pointer_type) {
    const target = bareType(model.info, typeOf(model.info, type));
    if (target === undefined || target.tag === T.DW_TAG_base_type) return "pointer to a number";
  }
  if (type.tag !== T.DW_TAG_array_type) return describeType(model, type);
  const [, ...inner] = childrenOf(type, T.DW_TAG_subrange_type);
  const rows = inner.map((range) => `${numberOf(range, A.DW_AT_upper_bound) ?? ""}`);
  return `array of ${[kindOf(model, typeOf(model.info, type)), ...rows].join(" by ")}`;
}

function isConstant(model: TypeModel, declared: DebugEntry | undefined): boolean {
  if (declared?.tag === T.DW_TAG_const_type) return true;
  const through: readonly number[] = [
    T.DW_TAG_typedef,
    T.DW_TAG_volatile_type,
    T.DW_TAG_array_type,
  ];
  if (declared === undefined || !through.includes(declared.tag)) return false;
  return isConstant(model, typeOf(model.info, declared));
}
