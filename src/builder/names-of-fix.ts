// What global names of the patched source mean where the running hypervisor has another name for it: a
// static function or variable that became global, or that another object defines now. Other objects refer
// to it by its new name, and nobody but the fix knows that.

import type { ComparedObject } from "../compare/compared-object.ts";
import { type Atom, namingSymbol } from "../diff/atom.ts";
import type { CarriedAs } from "../diff/include.ts";
import type { PayloadBelow } from "../running/payload-below.ts";
import { xenNameOf } from "../running/run-pre.ts";
import { nameOfSymbol } from "../stacking/names.ts";

export interface OlderName {
  /** As Xen's table spells it, or the payload below. */
  readonly inXen: string;
  /** Where it is defined before the fix. */
  readonly object: ComparedObject;
  readonly atom: Atom;
}

/** By the name in the patched source; only where the two differ. */
export type NamesOfFix = ReadonlyMap<string, OlderName>;

/** @param payloads that lie below, the lowest first */
export function namesOfFix(
  objects: readonly ComparedObject[],
  payloads: readonly PayloadBelow[],
): NamesOfFix {
  const found = new Map<string, OlderName>();
  const add = (name: string, object: ComparedObject, atom: Atom): void => {
    const symbol = namingSymbol(atom);
    if (symbol === undefined) return;
    const { steps, diff } = object;
    const inXen = nameOfSymbol({ steps, top: diff.comparison.before }, symbol, payloads);
    if (inXen !== name) found.set(name, { inXen, object, atom });
  };
  // One without differences has the names that it had.
  for (const object of objects.filter(({ diff }) => diff.ledger.length > 0)) {
    const { comparison, carried } = object.diff;
    const { before, correlation, crossed } = comparison;
    for (const [old, fixed] of correlation.pairs()) {
      // What the payload brings is its own, whatever the hypervisor had: init code, an older constant.
      if (isBroughtAs(carried.get(fixed))) continue;
      const known = new Set(globalNames(old));
      for (const name of globalNames(fixed)) if (!known.has(name)) add(name, object, old);
    }
    for (const [atom, { name }] of crossed)
      if (before.atoms.includes(atom)) add(name, object, atom);
  }
  return found;
}

function isBroughtAs(as: CarriedAs | undefined): boolean {
  return as === "new" || as === "copy";
}

function globalNames({ symbols }: Atom): readonly string[] {
  return symbols.filter(({ binding }) => binding !== "STB_LOCAL").map(({ name }) => name);
}

/**
 * For later payloads, whose source has these names, too: also what is static in the file that defines it
 * now, as Xen's table would spell it.
 */
export function newNamesOf(
  objects: readonly ComparedObject[],
  names: NamesOfFix,
): ReadonlyMap<string, string> {
  const found = new Map([...names].map(([name, { inXen }]) => [name, inXen]));
  for (const { diff } of objects.filter(({ diff }) => diff.ledger.length > 0)) {
    const { after, crossed } = diff.comparison;
    for (const [atom, { name }] of crossed) {
      const symbol = namingSymbol(atom);
      if (symbol?.binding !== "STB_LOCAL" || !after.atoms.includes(atom)) continue;
      found.set(xenNameOf(symbol, after.file), names.get(name)?.inXen ?? name);
    }
  }
  return found;
}

/**
 * Functions that the fix refers to by such a name: what runs has to be what was compiled, as of every local
 * function that it relies on.
 */
export function functionsByNewName(
  objects: readonly ComparedObject[],
  names: NamesOfFix,
): readonly OlderName[] {
  if (names.size === 0) return [];
  const referred = objects
    .flatMap(({ diff }) => [...diff.carried.keys()])
    .flatMap(({ references }) => references)
    .flatMap(({ target }) => (target.kind === "external" ? [target.symbol.name] : []));
  return [...new Set(referred)]
    .flatMap((name) => names.get(name) ?? [])
    .filter(({ atom }) => atom.kind === "function");
}
