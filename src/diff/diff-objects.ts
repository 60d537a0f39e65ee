// Compares two relocatable objects that were compiled from the same file, without a patch and with it:
// what a payload must carry so that the hypervisor runs the second, why, and what cannot be carried.

import type { ElfObject } from "../elf/object.ts";
import { accountForAll } from "./account/account.ts";
import type { Atom } from "./atom.ts";
import { type Comparison, comparePairs, type DiffOptions } from "./comparison.ts";
import { correlate } from "./correlate/correlate.ts";
import { DiffError } from "./errors.ts";
import { findChanges } from "./find-changes.ts";
import { type CarriedAs, includeNeeded } from "./include.ts";
import { type LedgerEntry, type Refusal, refusalsOf } from "./ledger.ts";
import { splitObject } from "./split/split-object.ts";

export interface ObjectDiff {
  /** Refused as a whole when any part is refused: a fix is never applied in part. */
  readonly outcome: "unchanged" | "patchable" | "refused";
  /** Functions that get a new body. */
  readonly replaced: readonly ReplacedFunction[];
  /** Functions and variables that the hypervisor lacks; read-only data that is carried as a copy. */
  readonly added: readonly Atom[];
  /** Every difference between the two objects. */
  readonly ledger: readonly LedgerEntry[];
  readonly refusals: readonly Refusal[];
  /** For carryChanges() (carry/carry.ts). */
  readonly comparison: Comparison;
  readonly carried: ReadonlyMap<Atom, CarriedAs>;
  /** Of these, code that never runs; it goes without its references. */
  readonly placesOnly: ReadonlySet<Atom>;
  /** Atoms after that are the same, and change only because another one does. */
  readonly follows: ReadonlyMap<Atom, Atom>;
}

export interface ReplacedFunction {
  readonly before: Atom;
  readonly after: Atom;
  readonly reasons: readonly string[];
}

/**
 * @throws DiffError diff/unsupported-object, diff/unlike-objects; ElfError when an object is malformed.
 * Changes that cannot be patched are not errors but refusals in the ledger
 */
export function diffObjects(before: ElfObject, after: ElfObject, options: DiffOptions): ObjectDiff {
  requireAlike(before, after);
  const [left, right] = [splitObject(before, options.policy), splitObject(after, options.policy)];
  const correlation = correlate(left, right, {
    kind: "binding",
    findHomes: options.findHomes,
    isSameLine: options.isSameLine,
    isTextKept: options.isTextKept,
  });
  // From here the pairs are final: an atom without a partner is new or removed.
  const comparison = comparePairs(left, right, correlation, options);
  const changes = findChanges(comparison);
  const inclusion = includeNeeded(comparison, changes);
  // From here nothing is decided any more, only reported.
  const ledger = accountForAll({ comparison, changes, inclusion });
  const refusals = refusalsOf(ledger);
  const { carried, placesOnly } = inclusion;
  return {
    outcome: refusals.length > 0 ? "refused" : carried.size > 0 ? "patchable" : "unchanged",
    replaced: [...carried].flatMap(([atom, as]): ReplacedFunction[] => {
      const partner = correlation.findBefore(atom);
      if (as !== "replacement" || partner === undefined) return [];
      return [{ before: partner, after: atom, reasons: changes.reasons.get(atom) ?? [] }];
    }),
    added: [...carried].filter(([, as]) => as === "new" || as === "copy").map(([atom]) => atom),
    ledger,
    refusals,
    comparison,
    carried,
    placesOnly,
    follows: changes.follows,
  };
}

function requireAlike(before: ElfObject, after: ElfObject): void {
  const [left, right] = [before.header, after.header];
  const isAlike =
    left.machine === right.machine && left.osAbi === right.osAbi && left.flags === right.flags;
  if (isAlike) return;
  throw new DiffError({
    code: "diff/unlike-objects",
    problem: `Cannot compare "${before.source}" with "${after.source}": their ELF headers differ`,
    where: `machine ${left.machine} and ${right.machine}, flags ${left.flags} and ${right.flags}`,
    expected: "objects of one compiler, for one machine",
  });
}
