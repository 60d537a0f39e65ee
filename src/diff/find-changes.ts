// Which atoms must be replaced. Those that differ, and those that depend on a difference: the other
// part of a function that was split into hot and cold, code that points into the inside of a changed
// function, and readers of a constant of which the payload carries a new copy.

import { findColdParent } from "../elf/cold-part.ts";
import { type Atom, isNameless, roleOf } from "./atom.ts";
import type { Comparison } from "./comparison.ts";
import { type Escape, explainEscape } from "./escape.ts";
import { explainDifference } from "./explain.ts";
import { blockLength } from "./owners.ts";
import { usersOf } from "./users.ts";

export interface Changes {
  /** Pairs that must change, by the atom after, with their differences. */
  readonly reasons: ReadonlyMap<Atom, readonly string[]>;
  /** Read-only data that differs and cannot be copied, with the reason. */
  readonly escapes: ReadonlyMap<Atom, Escape>;
  /** Those that are the same, and change only because another one does. */
  readonly follows: ReadonlyMap<Atom, Atom>;
}

export function findChanges(comparison: Comparison): Changes {
  const reasons = new Map<Atom, readonly string[]>();
  const escapes = new Map<Atom, Escape>();
  const follows = new Map<Atom, Atom>();
  for (const [before, after] of comparison.correlation.pairs()) {
    const verdict = comparison.verdicts.get(after);
    const held = after.kind === "function" && comparison.options.held?.get(after.name);
    if (verdict?.kind !== "different") {
      if (held) reasons.set(after, [held]);
      continue;
    }
    const inlined = comparison.options.changedInlines?.(after.name) ?? [];
    reasons.set(after, [
      ...inlined.map((name) => `inlines "${name}", which changed`),
      ...explainDifference(before, after, verdict.aspects, comparison),
    ]);
  }
  // Each change can make another one necessary.
  for (let known = -1; known !== reasons.size; ) {
    known = reasons.size;
    addColdParts(comparison, reasons);
    addPointersInside(comparison, reasons, follows);
    addReaders(comparison, { reasons, escapes, follows });
  }
  return { reasons, escapes, follows };
}

type Reasons = Map<Atom, readonly string[]>;

/** A function and its cold parts jump into each other, so they are replaced together. */
function addColdParts({ after, correlation }: Comparison, reasons: Reasons): void {
  const functions = new Map(
    after.atoms.filter(({ kind }) => kind === "function").map((atom) => [atom.name, atom]),
  );
  for (const cold of functions.values()) {
    const parent = functions.get(findColdParent(cold.name) ?? "");
    if (parent === undefined) continue;
    if (reasons.has(cold) && !reasons.has(parent) && correlation.isPaired(parent)) {
      reasons.set(parent, [`its cold part "${cold.name}" changed`]);
    }
    if (reasons.has(parent) && !reasons.has(cold) && correlation.isPaired(cold)) {
      reasons.set(cold, [`belongs to "${parent.name}", which changed`]);
    }
  }
}

/** The old bytes at that place are no longer what runs, or not at that place. */
function addPointersInside(
  { after: split, correlation, sides }: Comparison,
  reasons: Reasons,
  follows: Map<Atom, Atom>,
): void {
  const users = usersOf([...reasons.keys()].filter(isFunctionCode), split);
  const owners = new Set([...users].map((user) => sides.ownersAfter.ownerOf(user)));
  for (const [, after] of correlation.pairs()) {
    if (reasons.has(after) || !(users.has(after) || owners.has(after))) continue;
    const entries = sides.ownersAfter.entriesOf(after);
    const target = [after, ...entries]
      .map((atom) => findChangedInside(atom, after, reasons, new Set()))
      .find((found) => found !== undefined);
    if (target === undefined) continue;
    reasons.set(after, [`points into "${target.name}", which changed`]);
    follows.set(after, target);
  }
}

function findChangedInside(
  atom: Atom,
  self: Atom,
  reasons: Reasons,
  seen: Set<Atom>,
): Atom | undefined {
  for (const reference of atom.references) {
    const { target } = reference;
    if (target.kind !== "atom" || target.atom === self) continue;
    // An alternative of no code is said to lie where that of the next function begins.
    if (blockLength(atom, reference) === 0) continue;
    if (isNameless(target.atom)) {
      if (seen.has(target.atom)) continue;
      seen.add(target.atom);
      const inner = findChangedInside(target.atom, self, reasons, seen);
      if (inner !== undefined) return inner;
    } else if (target.offset !== 0 && isFunctionCode(target.atom) && reasons.has(target.atom)) {
      return target.atom;
    }
  }
  return undefined;
}

function isFunctionCode({ kind }: Atom): boolean {
  return kind === "function" || kind === "labelled-code";
}

/** Read-only data that changed comes as a copy, which only replaced code can read. */
function addReaders(
  comparison: Comparison,
  {
    reasons,
    escapes,
    follows,
  }: {
    readonly reasons: Reasons;
    readonly escapes: Map<Atom, Escape>;
    readonly follows: Map<Atom, Atom>;
  },
): void {
  for (const [before, after] of comparison.correlation.pairs()) {
    if (!reasons.has(after) || escapes.has(after)) continue;
    if (after.kind !== "data" || roleOf(after) !== "read-only") continue;
    const leak = explainEscape(before, comparison);
    if (leak !== undefined) {
      escapes.set(after, leak);
      continue;
    }
    for (const reader of readersOf(after, comparison)) {
      if (!reasons.has(reader) && comparison.correlation.isPaired(reader)) {
        reasons.set(reader, [`reads "${after.name}", which changed`]);
        follows.set(reader, after);
      }
    }
  }
}

/** Named atoms after that refer to it, directly or through nameless data. */
function readersOf(
  atom: Atom,
  comparison: Comparison,
  seen: Set<Atom> = new Set(),
): readonly Atom[] {
  return [...(comparison.after.referrers.get(atom) ?? [])].flatMap((referrer) => {
    if (seen.has(referrer)) return [];
    seen.add(referrer);
    if (referrer.kind !== "entry" && !isNameless(referrer)) return [referrer];
    const owner = comparison.sides.ownersAfter.ownerOf(referrer);
    return [...(owner === undefined ? [] : [owner]), ...readersOf(referrer, comparison, seen)];
  });
}
