// Functions that run only while a CPU comes up: at boot, when one is brought online, when the host resumes.
// A payload gives them a new body, which no CPU runs that is up already. Found by who refers to them: nobody
// but code that is gone after boot, the way by which a CPU comes up, and each other.

import type { ElfObject } from "../elf/object.ts";
import { type FunctionReferences, findFunctionReferences } from "./references.ts";
import type { XenSymbol, XenSyms } from "./xen-syms.ts";

/** Where a CPU comes up, x86: its first C function, and what looks at a CPU, the first one too. */
const entries = ["start_secondary", "identify_cpu"];
/** From where these are called for the CPU that is up first when the host resumes. */
const resume = ["enter_state", "enter_state_action", "enter_state_helper"];
/** Tables of functions that identify_cpu() calls, one for each vendor (struct cpu_dev). */
const vendorTable = /(^|_)cpu_dev$|^default_cpu$/;

/** Of these functions, given by name or by Xen's own; names that stand for several are left out. */
export function onlyAtBringUp(
  names: readonly string[],
  xen: XenSyms,
  object: ElfObject,
): readonly string[] {
  if (xen.architecture !== "x86_64" || names.length === 0) return [];
  if (!entries.every((name) => xen.byName.has(name))) return [];
  const references = findFunctionReferences(xen, object);
  return names.filter((name) => {
    const symbol = findFunction(name, xen);
    return symbol !== undefined && isOnlyAtBringUp(symbol, references);
  });
}

function findFunction(name: string, { byName, locals, ambiguous }: XenSyms): XenSymbol | undefined {
  const namesakes = locals.get(name) ?? [];
  const found = byName.get(name) ?? (namesakes.length === 1 ? namesakes[0] : undefined);
  return found === undefined || found.isInit || ambiguous.has(found.name) ? undefined : found;
}

/** All ways that lead to it, back to where they begin. */
function isOnlyAtBringUp(symbol: XenSymbol, references: FunctionReferences): boolean {
  const callers = new Set([symbol]);
  let isReached = false;
  for (const one of callers) {
    if (entries.includes(one.name)) isReached = true;
    else if (!resume.includes(one.bareName)) {
      const found = references.to(one);
      // Assembly may lead there, or a pointer that nobody sees.
      if (found.length === 0) return false;
      for (const { from, kind } of found) {
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
