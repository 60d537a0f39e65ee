// Maps global names of the patched source to the names that the running hypervisor has for them: a
// static function or variable that became global, or one that another object defines now. Other objects
// refer to it by the new name, and only the fix knows both names.

import type { ComparedObject } from "../compare/compared-object.ts";
import { type Atom, namingSymbol } from "../diff/atom.ts";
import type { CarriedAs } from "../diff/include.ts";
import type { PayloadBelow } from "../running/payload-below.ts";
import { xenNameOf } from "../running/run-pre.ts";
import { nameOfSymbol } from "../stacking/names.ts";

export interface OlderName {
  /** As spelt in Xen's table, or in that of the payload below. */
  readonly inXen: string;
  /** Where it is defined before the fix. */
  readonly object: ComparedObject;
  readonly atom: Atom;
}

/** By the name in the patched source; only names that differ. */
export type NamesOfFix = ReadonlyMap<string, OlderName>;

/** @param payloads below, the lowest first */
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
  // An object without differences keeps its names.
  for (const object of objects.filter(({ diff }) => diff.ledger.length > 0)) {
    const { comparison, carried } = object.diff;
    const { before, correlation, crossed } = comparison;
    for (const [old, fixed] of correlation.pairs()) {
      // What the payload carries is its own, whatever the hypervisor had: init code, an older constant.
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
 * For later payloads, whose source has these names, too. Includes names that are static in the file
 * that defines them now, as Xen's table would spell them.
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
 * Functions that the fix refers to by such a name. Their running code must match the compiled code, as
 * for every local function that the fix relies on.
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
