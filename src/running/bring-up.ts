// Functions that run only while a CPU is brought up: at boot, when one is brought online, when the host
// resumes. If a payload replaces one, running CPUs do not execute the new body. Found by references:
// only code that is removed after boot, the code that brings up a CPU, and other such functions refer
// to them.

import type { ElfObject } from "../elf/object.ts";
import { type FindReferences, searchReferences } from "./references.ts";
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
  if (names.length === 0) return [];
  const all = allAtBringUp(xen, object);
  return names.filter((name) => {
    const symbol = findFunction(name, xen);
    return symbol !== undefined && all.has(symbol.name);
  });
}

/**
 * All of them, by the names of Xen's table. All code and data are searched, at the first call for a
 * hypervisor: `build` does it while the compiler works, and keeps the answer.
 */
export function allAtBringUp(xen: XenSyms, object: ElfObject): ReadonlySet<string> {
  const known = found.get(xen);
  if (known !== undefined) return known;
  const names = findBringUp(xen, object);
  rememberBringUp(xen, names);
  return names;
}

/** Of the same hypervisor, as allAtBringUp() found them. */
export function rememberBringUp(xen: XenSyms, names: ReadonlySet<string>): void {
  found.set(xen, names);
}

const found = new WeakMap<XenSyms, ReadonlySet<string>>();

function findBringUp(xen: XenSyms, object: ElfObject): ReadonlySet<string> {
  if (xen.architecture !== "x86_64") return new Set();
  if (!entries.every((name) => xen.byName.has(name))) return new Set();
  const find = searchReferences(xen, object);
  const candidates = xen.functions.filter(({ name }) => !xen.ambiguous.has(name));
  return new Set(
    candidates.filter((symbol) => isOnlyAtBringUp(symbol, find)).map(({ name }) => name),
  );
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
