// What functions return to their callers, as far as their types say it. The comparison (diff/) follows
// values through machine code and needs it, because a function without a result also leaves a value in
// the result's register.

import type { ElfObject } from "../elf/object.ts";
import { DwarfAttribute as A, DwarfTag as T } from "./constants.ts";
import { type DebugEntry, hasAttribute } from "./entry.ts";
import { bareType, entryAt, isScalar, numberOf, textOf, typeOf } from "./model.ts";
import { nameInSource } from "./name-in-source.ts";
import { type DebugInfo, entriesOf, readDebugInfo } from "./read.ts";

/** `number`: a scalar that fits into one register. */
export type FunctionResult = "nothing" | "number" | "unknown";

/**
 * By the name of a function's symbol, including clones made by the compiler. Nothing is read before the
 * first call.
 * @throws DwarfError, ElfError when called
 */
export function findFunctionResults(object: ElfObject): (name: string) => FunctionResult {
  let known: ReadonlyMap<string, FunctionResult> | undefined;
  return (name) => {
    known ??= resultsIn(object);
    // A clone returns what the function returns, or less.
    return known.get(nameInSource(name)) ?? "unknown";
  };
}

function resultsIn(object: ElfObject): ReadonlyMap<string, FunctionResult> {
  const found = new Map<string, FunctionResult>();
  const info = readDebugInfo(object);
  for (const entry of info === undefined ? [] : entriesOf(info, T.DW_TAG_subprogram)) {
    if (info === undefined || hasAttribute(entry, A.DW_AT_declaration)) continue;
    const whole = wholeOf(info, entry);
    const name = textOf(whole, A.DW_AT_name);
    if (name === undefined) continue;
    const result = resultOf(info, whole);
    // If two functions have the same name, it is unknown which one is meant.
    found.set(name, (found.get(name) ?? result) === result ? result : "unknown");
  }
  return found;
}

/** The entry that holds the attributes which its copies leave out. */
function wholeOf(info: DebugInfo, entry: DebugEntry): DebugEntry {
  const origin = entryAt(info, entry, A.DW_AT_abstract_origin) ?? entry;
  return entryAt(info, origin, A.DW_AT_specification) ?? origin;
}

function resultOf(info: DebugInfo, whole: DebugEntry): FunctionResult {
  if (!hasAttribute(whole, A.DW_AT_type)) return "nothing";
  const type = bareType(info, typeOf(info, whole));
  if (type === undefined || !isScalar(type)) return "unknown";
  return (numberOf(type, A.DW_AT_byte_size) ?? 16n) <= 8n ? "number" : "unknown";
}
