// Which old code a payload carries for Xen to compare: of the functions that it replaces, and of those
// that it relies on though nothing binds it to them by a name that all may use. What payloads below
// brought is not among it: they are told by their build-ids, or by their markers.

import type { ComparedObject } from "../compare/compared-object.ts";
import { functionsToFind } from "../compare/functions-to-find.ts";
import { traceSymbol } from "../compare/trace.ts";
import { namingSymbol } from "../diff/atom.ts";
import { guardsFor } from "../guard/guard.ts";
import type { GuardedFunction, GuardPlan } from "../guard/plan.ts";
import type { GuardLevel } from "../payload/metadata-keys.ts";
import type { PayloadBelow } from "../running/payload-below.ts";
import type { XenSyms } from "../running/xen-syms.ts";
import type { Release } from "../xen-abi/release.ts";
import { findOwner } from "./fit.ts";

export interface GuardSubjects {
  /** As Xen's table spells them; names that only a payload below has are left out. */
  readonly replaced: readonly string[];
  readonly relied: readonly string[];
  /** By new code that was compiled with knowledge of their bodies (called.ts). */
  readonly called: readonly string[];
}

export interface GuardTarget {
  readonly xen: XenSyms;
  readonly release: Release | undefined;
  readonly level: GuardLevel;
  /** The lowest first. */
  readonly payloads: readonly PayloadBelow[];
}

/** @throws GuardError, ElfError */
export function planGuards(
  { replaced, relied, called }: GuardSubjects,
  { xen, release, level, payloads }: GuardTarget,
): GuardPlan {
  if (level === "none") return { guards: [], unguarded: [] };
  const seen = new Set<bigint>();
  const isCalled = new Set(called);
  const functions = [
    ...replaced.map((name) => ({ name, role: "replaced" as const })),
    // Of what is relied on as well, all is compared, the entry too.
    ...relied.map((name) => ({ name, role: isCalled.has(name) ? "replaced" : "relied" }) as const),
    ...called.map((name) => ({ name, role: "called" as const })),
  ].flatMap(({ name, role }): GuardedFunction[] => {
    const found = xen.byName.get(name);
    if (found === undefined || seen.has(found.address)) return [];
    seen.add(found.address);
    const { address, sizeBytes } = found;
    const below = findOwner(name, payloads) === undefined ? "hypervisor" : "payload";
    return [{ name, address, sizeBytes, role, below }];
  });
  return guardsFor({ image: xen, release, functions, level });
}

/** Functions of the hypervisor that the fix relies on by a local symbol. */
export function reliedOn(objects: readonly ComparedObject[]): readonly string[] {
  return objects.flatMap(({ diff, steps }) => {
    if (diff.outcome === "unchanged") return [];
    const replaced = new Set(diff.replaced.map(({ before }) => before));
    return functionsToFind(diff).flatMap((atom) => {
      const symbol = namingSymbol(atom);
      if (symbol === undefined || replaced.has(atom)) return [];
      const trace = traceSymbol(steps, diff.comparison.before, symbol);
      return trace.home.kind === "hypervisor" ? [trace.sourceName] : [];
    });
  });
}
