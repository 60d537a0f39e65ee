// Functions that run only while a CPU is brought up: at boot, when one is brought online, when the host
// resumes. If a payload replaces one, running CPUs do not execute the new body. Found by references:
// only code that is removed after boot, the code that brings up a CPU, and other such functions refer
// to them.

import type { ElfObject } from "../elf/object.ts";
import { type FunctionReference, functionReferencesOf } from "./references.ts";
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
  const findReferences = functionReferencesOf(xen, object);
  const known: Known = new Map();
  let candidates = names.flatMap((name) => {
    const symbol = findFunction(name, xen);
    return symbol === undefined ? [] : [{ name, symbol }];
  });
  // In rounds, because most functions are ruled out by their callers, or by the callers of these.
  for (;;) {
    const missing = new Set<XenSymbol>();
    candidates = candidates.filter(({ symbol }) => {
      const way = wayTo(symbol, known);
      if (way.kind === "incomplete") for (const one of way.missing) missing.add(one);
      return way.kind !== "other";
    });
    if (missing.size === 0) return candidates.map(({ name }) => name);
    for (const [symbol, references] of findReferences(missing)) known.set(symbol, references);
  }
}

type Known = Map<XenSymbol, readonly FunctionReference[]>;

type Way =
  | { readonly kind: "bring-up" | "other" }
  /** Nothing speaks against it yet; references to these are needed. */
  | { readonly kind: "incomplete"; readonly missing: readonly XenSymbol[] };

function findFunction(name: string, { byName, locals, ambiguous }: XenSyms): XenSymbol | undefined {
  const namesakes = locals.get(name) ?? [];
  const found = byName.get(name) ?? (namesakes.length === 1 ? namesakes[0] : undefined);
  return found === undefined || found.isInit || ambiguous.has(found.name) ? undefined : found;
}

/** All paths that lead to it, back to their starts, as far as references are known. */
function wayTo(symbol: XenSymbol, known: Known): Way {
  const callers = new Set([symbol]);
  const missing: XenSymbol[] = [];
  let isReached = false;
  for (const one of callers) {
    if (entries.includes(one.name)) isReached = true;
    else if (!resume.includes(one.bareName)) {
      const found = known.get(one);
      if (found === undefined) missing.push(one);
      // Assembly may refer to it, or a pointer that was not found.
      if (found?.length === 0) return { kind: "other" };
      for (const { from, kind } of found ?? []) {
        if (from === undefined) return { kind: "other" };
        if (kind === "branch" && !from.isInit) callers.add(from);
        else if (kind === "address") {
          if (!vendorTable.test(from.bareName)) return { kind: "other" };
          isReached = true;
        }
      }
    }
  }
  if (missing.length > 0) return { kind: "incomplete", missing };
  return { kind: isReached ? "bring-up" : "other" };
}
