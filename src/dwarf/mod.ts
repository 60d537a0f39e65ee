// Debug information of one object, as compilers write it (DWARF 4 and 5): types, functions, inlined
// functions, and the places where static variables were declared. Line tables are not read.

export type { Abbreviation } from "./abbreviations.ts";
export { DwarfAttribute, DwarfTag } from "./constants.ts";
export { attributeOf, type DebugEntry } from "./entry.ts";
export { DwarfError, type DwarfErrorCode } from "./errors.ts";
export type { AttributeValue } from "./forms.ts";
export { type FunctionResult, findFunctionResults } from "./function-results.ts";
export {
  bareType,
  childrenOf,
  findTypes,
  keywordOf,
  numberOf,
  type TypeModel,
  textOf,
  typeOf,
} from "./model.ts";
export { type DebugInfo, entriesOf, readDebugInfo } from "./read.ts";
export type { DebugSections } from "./sections.ts";
export { findStaticHomes, type StaticHome } from "./static-homes.ts";
