// Why two atoms differ, as text for people.

import { type Atom, isNameless, type Reference, type Target } from "./atom.ts";
import { type Aspect, differingEntries, placeOfEntry, type Sides } from "./compare-atoms.ts";
import type { Correlation } from "./correlate/correlation.ts";
import { type ListedInstruction, listInstructions } from "./listing.ts";
import { describeTarget } from "./meaning.ts";

/** How many of a kind are listed; the rest is counted. */
const LISTED_MAX = 4;

export function explainDifference(
  before: Atom,
  after: Atom,
  aspects: ReadonlySet<Aspect>,
  { sides, correlation }: { readonly sides: Sides; readonly correlation: Correlation },
): readonly string[] {
  const isItself = aspects.has("bytes") || aspects.has("size") || aspects.has("references");
  const reasons = [
    ...(aspects.has("section") ? [explainSection(before, after)] : []),
    ...(isItself ? explainContents(before, after, sides.machine) : []),
    ...(isItself ? explainTargets(before, after, sides, correlation) : []),
    // The entries of a function whose code moved differ all of them, which tells nothing.
    ...(aspects.has("entries") && !isItself ? explainEntries(before, after, sides) : []),
  ];
  return reasons.length > 0 ? reasons : ["its contents differ"];
}

function explainSection(before: Atom, after: Atom): string {
  if (before.section.name !== after.section.name) {
    return `moved from section "${before.section.name}" to "${after.section.name}"`;
  }
  return `the flags or the type of section "${after.section.name}" changed`;
}

function explainContents(before: Atom, after: Atom, machine: number): readonly string[] {
  const sizes = before.size === after.size ? [] : [`size ${before.size} → ${after.size} bytes`];
  const isCode = after.kind === "function" || after.kind === "labelled-code";
  const from = isCode ? sameUpTo(before, after) : 0;
  const left = isCode ? listInstructions(before, machine, from) : undefined;
  const right = isCode ? listInstructions(after, machine, from) : undefined;
  if (left !== undefined && right !== undefined) {
    return [...explainInstructions(left, right), ...sizes];
  }
  const first = firstDifference(before.bytes, after.bytes);
  return first === undefined ? sizes : [...sizes, `byte at +0x${first.toString(16)} differs`];
}

/** How many bytes at the start are the same in both, with the same references. */
function sameUpTo(before: Atom, after: Atom): number {
  const keyOf = ({ offset, target, use }: Reference): string =>
    `${offset} ${use} ${describeTarget(target)}`;
  const [left, right] = [before, after].map(
    ({ references }) => new Map(references.map((one) => [keyOf(one), one.offset])),
  ) as [Map<string, number>, Map<string, number>];
  const apart = [
    ...[...left].filter(([key]) => !right.has(key)),
    ...[...right].filter(([key]) => !left.has(key)),
  ].map(([, offset]) => offset);
  const shorter = Math.min(before.size, after.size);
  return Math.min(shorter, firstDifference(before.bytes, after.bytes) ?? shorter, ...apart);
}

function explainInstructions(
  before: readonly ListedInstruction[],
  after: readonly ListedInstruction[],
): readonly string[] {
  const same = (left: number, right: number): boolean =>
    withoutPlaces(before[left]?.text) === withoutPlaces(after[right]?.text);
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && same(start, start)) start++;
  let end = 0;
  while (end < shorter - start && same(before.length - 1 - end, after.length - 1 - end)) end++;
  const removed = before.slice(start, before.length - end);
  const added = after.slice(start, after.length - end);
  const at = `+0x${(added[0] ?? removed[0])?.offset.toString(16)}`;
  if (removed.length === 0 && added.length === 0) return [];
  if (removed.length === 0) return [`${counted(added)} added at ${at}: ${added[0]?.text}`];
  if (added.length === 0) return [`${counted(removed)} removed at ${at}: ${removed[0]?.text}`];
  const change = `${removed[0]?.text} → ${added[0]?.text}`;
  if (removed.length === 1 && added.length === 1)
    return [`instruction at ${at} differs: ${change}`];
  const differing = added.filter((_, index) => !same(start + index, start + index));
  if (removed.length === added.length && differing.length < added.length) {
    return [`${counted(differing)} differ, the first at ${at}: ${change}`];
  }
  return [`${counted(removed)} from ${at} on became ${added.length}, the first differs: ${change}`];
}

/** Jumps inside of the function differ whenever something is put in between. */
function withoutPlaces(text: string | undefined): string | undefined {
  return text?.replace(/ \+0x[0-9a-f]+$/, "");
}

function counted(instructions: readonly ListedInstruction[]): string {
  return instructions.length === 1 ? "instruction" : `${instructions.length} instructions`;
}

function explainTargets(
  before: Atom,
  after: Atom,
  { meanings }: Sides,
  correlation: Correlation,
): readonly string[] {
  const keyOf = ({ target }: Reference): string => meanings.ofTarget(target);
  const known = new Set(before.references.map(keyOf));
  const present = new Set(after.references.map(keyOf));
  const added = after.references.filter((reference) => !known.has(keyOf(reference)));
  const gone = before.references.filter((reference) => !present.has(keyOf(reference)));
  return [
    ...listed(
      added.map((reference) => `${verbOf(reference)} ${newness(reference.target, correlation)}`),
    ),
    ...listed(
      gone.map((reference) => `no longer ${verbOf(reference)} ${describeTarget(reference.target)}`),
    ),
  ];
}

function newness(target: Target, correlation: Correlation): string {
  if (target.kind !== "atom" || isNameless(target.atom)) return describeTarget(target);
  if (correlation.isPaired(target.atom)) return describeTarget(target);
  const kind = target.atom.kind === "function" ? "function" : "variable";
  return `new ${kind} ${describeTarget(target)}`;
}

function verbOf({ use }: Reference): string {
  return use === "branch" ? "calls" : "refers to";
}

function listed(texts: readonly string[]): readonly string[] {
  const different = [...new Set(texts)];
  const rest = different.length - LISTED_MAX;
  const shown = different.slice(0, LISTED_MAX);
  return rest > 0 ? [...shown, `and ${rest} more of that kind`] : shown;
}

function explainEntries(before: Atom, after: Atom, sides: Sides): readonly string[] {
  return listed(
    differingEntries(before, after, sides).map((entry) => {
      const place = placeOfEntry(entry);
      const at = place === undefined ? "" : ` for +0x${place.toString(16)}`;
      return `section ${entry.section.name} entry${at} changed`;
    }),
  );
}

function firstDifference(
  left: Uint8Array | undefined,
  right: Uint8Array | undefined,
): number | undefined {
  if (left === undefined || right === undefined) return undefined;
  const index = left.findIndex((byte, at) => byte !== right[at]);
  if (index >= 0) return index;
  return left.length < right.length ? left.length : undefined;
}
