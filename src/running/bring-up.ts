// Functions that run only while a CPU is brought up: at boot, when one is brought online, when the host
// resumes. If a payload replaces one, running CPUs do not execute the new body. Found by references:
// only code that is removed after boot, the code that brings up a CPU, and other such functions refer
// to them.

import type { ElfObject } from "../elf/object.ts";
import { type FindReferences, referencesIn } from "./references.ts";
import type { XenSymbol, XenSyms } from "./xen-syms.ts";

/**
 * Where a CPU starts, x86: its first C function, and the code that identifies a CPU, including the
 * first one.
 */
const entries = ["start_secondary", "identify_cpu"];
/** The callers of these for the first CPU when the host resumes. */
const resume = ["enter_state", "enter_state_action", "enter_state_helper"];
/** Tables of functions that identify_cpu() calls, one for each vendor (struct cpu_dev). */
const vendorTable = /(^|_)cpu_dev$|^default_cpu$/;

/** Of these functions, by name or by Xen's name; ambiguous names are omitted. */
export function onlyAtBringUp(
  names: readonly string[],
  xen: XenSyms,
  object: ElfObject,
): readonly string[] {
  if (xen.architecture !== "x86_64" || names.length === 0) return [];
  if (!entries.every((name) => xen.byName.has(name))) return [];
  const find = referencesIn(xen, object);
  return names.filter((name) => {
    const symbol = findFunction(name, xen);
    return symbol !== undefined && isOnlyAtBringUp(symbol, find);
  });
}

function findFunction(name: string, { byName, locals, ambiguous }: XenSyms): XenSymbol | undefined {
  const namesakes = locals.get(name) ?? [];
  const found = byName.get(name) ?? (namesakes.length === 1 ? namesakes[0] : undefined);
  return found === undefined || found.isInit || ambiguous.has(found.name) ? undefined : found;
}

/** By all paths that lead to it, back to their starts. */
function isOnlyAtBringUp(symbol: XenSymbol, find: FindReferences): boolean {
  const callers = new Set([symbol]);
  let isReached = false;
  for (const one of callers) {
    if (entries.includes(one.name)) isReached = true;
    else if (!resume.includes(one.bareName)) {
      const references = find(one);
      // Assembly may refer to it, or a pointer that was not found.
      if (references.length === 0) return false;
      for (const { from, kind } of references) {
        if (from === undefined) return false;
        if (kind === "branch" && !from.isInit) callers.add(from);
        else if (kind === "address") {
          if (!vendorTable.test(from.bareName)) return false;
          isReached = true;
        }
      }
    }
  }
  return isReached;
}
