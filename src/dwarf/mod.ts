// Debug information of one object, as compilers write it (DWARF 4 and 5): types, functions, and what
// was inlined into them, and where static variables were declared. Line tables are left out.

export { DwarfError, type DwarfErrorCode } from "./errors.ts";
export { findTypes, type TypeModel } from "./model.ts";
export type { DebugEntry, DebugInfo } from "./read.ts";
export { findStaticHomes } from "./static-homes.ts";
