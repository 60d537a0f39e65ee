// C declarations from debug information: how another file of Xen declares something of the same type, and
// the headers that it needs for that.

import { DwarfAttribute as A, DwarfTag as T } from "../dwarf/constants.ts";
import type { DebugEntry } from "../dwarf/entry.ts";
import {
  bareType,
  childrenOf,
  findTypes,
  isAggregate,
  numberOf,
  type TypeModel,
  textOf,
  typeOf,
} from "../dwarf/model.ts";
import { entriesOf } from "../dwarf/read.ts";
import type { ElfObject } from "../elf/object.ts";
import { boundsOf, describeType } from "./describe.ts";

export interface Declaration {
  readonly name: string;
  /** In front of the name and behind it: `unsigned int *`, `[4]`. */
  readonly type: readonly [before: string, after: string];
  /** As in `#include <…>`. */
  readonly headers: readonly string[];
  /** What it is, where no header has the type: room of the same size stands for it. */
  readonly inWords: string | undefined;
}

/** What can be declared as in one object; its debug information is read once, when it is asked. */
export class Declarations {
  readonly #object: ElfObject;
  #types: { readonly model: TypeModel | undefined } | undefined;

  constructor(object: ElfObject) {
    this.#object = object;
  }

  /** Undefined without debug information about it. @throws DwarfError, ElfError */
  ofVariable(name: string): Declaration | undefined {
    const model = this.#model();
    const variable =
      model &&
      entriesOf(model.info, T.DW_TAG_variable).find(
        (entry) => textOf(entry, A.DW_AT_name) === name && typeOf(model.info, entry) !== undefined,
      );
    return model && variable && declare(model, typeOf(model.info, variable), name);
  }

  /** Members that a structure has here and not in `before`. @throws DwarfError, ElfError */
  ofNewMembers(before: Declarations, type: string): readonly Declaration[] {
    const fixed = this.#model();
    const [was, is] = [before.#model()?.types.get(type), fixed?.types.get(type)];
    if (fixed === undefined || was === undefined || is === undefined) return [];
    const known = new Set(childrenOf(was, T.DW_TAG_member).map((one) => textOf(one, A.DW_AT_name)));
    return childrenOf(is, T.DW_TAG_member).flatMap((member) => {
      const name = textOf(member, A.DW_AT_name);
      if (name === undefined || known.has(name)) return [];
      return declare(fixed, typeOf(fixed.info, member), name);
    });
  }

  /** That declares a type; undefined for one of a C file, and without debug information. */
  headerOf(type: string): string | undefined {
    const model = this.#model();
    const entry = model?.types.get(type);
    return model && entry && headerOf(model, entry);
  }

  #model(): TypeModel | undefined {
    this.#types ??= { model: findTypes(this.#object) };
    return this.#types.model;
  }
}

function declare(model: TypeModel, declared: DebugEntry | undefined, name: string): Declaration {
  const spelt = spell(model, declared);
  if (spelt !== undefined) return { name, ...spelt, inWords: undefined };
  const words = Math.max(1, Math.ceil(sizeOf(model, declared) / 8));
  const inWords = describeType(model, declared);
  return { name, type: ["unsigned long ", `[${words}]`], headers: [], inWords };
}

function spell(
  model: TypeModel,
  declared: DebugEntry | undefined,
): Pick<Declaration, "type" | "headers"> | undefined {
  const type = bareType(model.info, declared);
  if (type === undefined) return undefined;
  const inner = typeOf(model.info, type);
  if (type.tag === T.DW_TAG_array_type) {
    const element = spell(model, inner);
    const bounds = boundsOf(type);
    if (element === undefined || bounds.includes("[]")) return undefined;
    const { type: around, headers } = element;
    return { type: [around[0], `${bounds}${around[1]}`], headers };
  }
  if (type.tag === T.DW_TAG_pointer_type) return spellPointer(model, inner);
  if (isAggregate(type)) {
    const [known, header] = [model.nameOf(type), headerOf(model, type)];
    if (known === undefined || header === undefined || /[:{]/.test(known)) return undefined;
    return { type: [`${known} `, ""], headers: [header] };
  }
  const base = textOf(type, A.DW_AT_name);
  if (type.tag !== T.DW_TAG_base_type || base === undefined) return undefined;
  return { type: [`${base} `, ""], headers: [] };
}

/** To a function, or to what no header has: without the type of what it points to. */
function spellPointer(
  model: TypeModel,
  target: DebugEntry | undefined,
): Pick<Declaration, "type" | "headers"> {
  const found = spell(model, target);
  if (found === undefined || found.type[1] !== "") return { type: ["void *", ""], headers: [] };
  return { type: [`${found.type[0]}*`, ""], headers: found.headers };
}

/** In bytes. */
function sizeOf(model: TypeModel, declared: DebugEntry | undefined): number {
  const type = bareType(model.info, declared);
  if (type === undefined) return 0;
  const own = numberOf(type, A.DW_AT_byte_size);
  if (own !== undefined || type.tag !== T.DW_TAG_array_type) return Number(own ?? 8n);
  const counts = [...boundsOf(type).matchAll(/\d+/g)].map(([count]) => Number(count));
  return counts.reduce((size, count) => size * count, sizeOf(model, typeOf(model.info, type)));
}

/** Those that any file of Xen may include. */
function headerOf(model: TypeModel, type: DebugEntry): string | undefined {
  const path = model.fileOf(type) ?? "";
  return /(?:^|\/)include\/((?:xen|asm|public|xsm|acpi)\/.*\.h)$/.exec(path)?.[1];
}
