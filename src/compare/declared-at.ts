// Where the source declares a variable of an object. Two objects that are compiled from one file have what it
// declares at the same place.

import { posix } from "node:path";
import { DwarfAttribute as A, DwarfTag as T } from "../dwarf/constants.ts";
import { findTypes, numberOf, textOf } from "../dwarf/model.ts";
import { entriesOf } from "../dwarf/read.ts";
import type { ElfObject } from "../elf/object.ts";

/** File and line; undefined where the object has no debug information of it. @throws DwarfError, ElfError */
export function declaredAt(object: ElfObject, variable: string): string | undefined {
  const model = findTypes(object);
  if (model === undefined) return undefined;
  const variables = entriesOf(model.info, T.DW_TAG_variable);
  const found = variables.find((entry) => textOf(entry, A.DW_AT_name) === variable);
  const file = found === undefined ? undefined : model.fileOf(found);
  if (found === undefined || file === undefined) return undefined;
  return `${posix.normalize(file)}:${numberOf(found, A.DW_AT_decl_line)}`;
}
