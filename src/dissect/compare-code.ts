// Code and data of two payloads, piece by piece, with the passes that compare objects before and after
// a patch (diff/): by what references mean, so that it does not matter where things lie, nor which tag
// their names got.

import { titleOf } from "../diff/account/ledger-entry.ts";
import type { Atom, SplitObject } from "../diff/atom.ts";
import { isNamed, isNameless } from "../diff/atom.ts";
import { type Comparison, comparePairs } from "../diff/comparison.ts";
import { correlate } from "../diff/correlate/correlate.ts";
import type { Correlation } from "../diff/correlate/correlation.ts";
import { explainDifference } from "../diff/explain.ts";
import type { Ownership } from "../diff/owners.ts";
import type { SectionPolicy } from "../diff/policy.ts";
import { splitObject } from "../diff/split/split-object.ts";
import { xenSectionPolicy } from "../diff/xen-policy.ts";
import { SectionFlag } from "../elf/constants.ts";
import type { ElfObject } from "../elf/object.ts";
import type { Architecture } from "../isa/architecture.ts";
import { withoutTag } from "../payload/emit/tag.ts";
import type { Release } from "../xen-abi/release.ts";

/** One piece of code or data, by the names that both sides give it. */
export interface PieceDifference {
  /** `function "f"`, `variable "count"`, `constant data ".rodata+0x20"` */
  readonly what: string;
  readonly change: "added" | "removed" | "changed";
  /** `instruction at +0x1c differs: …`; empty for a piece that exists on one side only. */
  readonly reasons: readonly string[];
}

export interface CodeComparison {
  readonly differences: readonly PieceDifference[];
  /** How many functions and variables are the same on both sides. */
  readonly equal: number;
  /** For the piece at a place; `undefined` when it is the same, or no piece begins there. */
  readonly differenceBefore: (place: BodyPlace) => PieceDifference | undefined;
  readonly differenceAfter: (place: BodyPlace) => PieceDifference | undefined;
}

/** A place where new code of the same function begins, on either side. */
export interface BodyPair {
  readonly before: BodyPlace;
  readonly after: BodyPlace;
}

export interface BodyPlace {
  readonly section: string;
  readonly offset: number;
}

/** Sections that describe a payload, which are compared by content (compare-tables.ts). */
const ownTables = /^\.(livepatch\.|xsplice\.|modinfo$|note\.|text\.xsplice\.)/;

/**
 * `bodies` are paired whatever they are called.
 * @throws DiffError, ElfError, IsaError when a side cannot be taken apart
 */
export function compareCode(
  before: ElfObject,
  after: ElfObject,
  bodies: readonly BodyPair[],
  { release, architecture }: { readonly release: Release; readonly architecture: Architecture },
): CodeComparison {
  const policy = payloadPolicy(release, architecture);
  const left = splitObject(withoutTags(before), policy);
  const right = splitObject(withoutTags(after), policy);
  const correlation = correlate(left, right, { kind: "reading" });
  const [findBefore, findAfter] = [atomsByPlace(left), atomsByPlace(right)];
  pairBodies(bodies, findBefore, findAfter, correlation);
  // From here an atom that has a partner has it for good.
  const comparison = comparePairs(left, right, correlation, { policy });
  const told = new Map([...changedPairs(comparison), ...unpaired(comparison)]);
  const changed = [...comparison.verdicts.keys()].filter((atom) => told.has(atom));
  return {
    differences: [...told.values(), ...namelessDifferences(comparison)],
    equal: comparison.verdicts.size - changed.length,
    differenceBefore: (place) => {
      const atom = findBefore(place);
      return atom && told.get(correlation.findAfter(atom) ?? atom);
    },
    differenceAfter: (place) => {
      const atom = findAfter(place);
      return atom && told.get(atom);
    },
  };
}

function payloadPolicy(release: Release, architecture: Architecture): SectionPolicy {
  const policy = xenSectionPolicy(release, architecture, []);
  return { ...policy, sections: [{ name: ownTables, role: "discarded" }, ...policy.sections] };
}

/** Two payloads never share a tag. */
function withoutTags(object: ElfObject): ElfObject {
  const { source, bytes, header, sections, nameTable, relocationTables } = object;
  const symbols = object.symbols.map((symbol) => ({ ...symbol, name: withoutTag(symbol.name) }));
  return { source, bytes, header, sections, nameTable, symbols, relocationTables };
}

function pairBodies(
  bodies: readonly BodyPair[],
  findBefore: FindAtom,
  findAfter: FindAtom,
  correlation: Correlation,
): void {
  for (const { before, after } of bodies) {
    const [one, other] = [findBefore(before), findAfter(after)];
    if (one === undefined || other === undefined) continue;
    if (!isNamed(one) || !isNamed(other)) continue;
    if (!correlation.isPaired(one) && !correlation.isPaired(other)) correlation.pair(one, other);
  }
}

type FindAtom = (place: BodyPlace) => Atom | undefined;

function atomsByPlace({ atoms }: SplitObject): FindAtom {
  const found = new Map<string, Atom>();
  for (const atom of atoms.toReversed()) found.set(`${atom.section.name}\0${atom.start}`, atom);
  return ({ section, offset }) => found.get(`${section}\0${offset}`);
}

/** By the atom after. */
function changedPairs(comparison: Comparison): ReadonlyMap<Atom, PieceDifference> {
  const { correlation, verdicts, sides } = comparison;
  const changed = new Map<Atom, PieceDifference>();
  for (const [before, after] of correlation.pairs()) {
    const verdict = verdicts.get(after);
    if (verdict?.kind === "different") {
      const reasons = explainDifference(before, after, verdict.aspects, { sides, correlation });
      changed.set(after, { what: titleOf(after), change: "changed", reasons });
    } else if (verdict?.rules.has("line-number")) {
      const reasons = ["only line numbers of bug frames differ"];
      changed.set(after, { what: titleOf(after), change: "changed", reasons });
    }
  }
  return changed;
}

/** By the atom of the side that has it. */
function unpaired({
  before,
  after,
  correlation,
}: Comparison): readonly (readonly [Atom, PieceDifference])[] {
  const alone = (split: SplitObject, change: "added" | "removed") =>
    split.atoms
      .filter((atom) => isNamed(atom) && isTold(atom) && !correlation.isPaired(atom))
      .map((atom): readonly [Atom, PieceDifference] => {
        const isOpen = correlation.ambiguityOf(atom) !== undefined;
        const reasons = isOpen ? ["several have its name, and cannot be told apart"] : [];
        return [atom, { what: titleOf(atom), change, reasons }];
      });
  return [...alone(before, "removed"), ...alone(after, "added")];
}

/**
 * Data without a name is compared together with what refers to it. Data without any reference in the
 * payload can only be used by Xen itself: it is compared by content.
 */
function namelessDifferences({ before, after, sides }: Comparison): readonly PieceDifference[] {
  const { meanings, ownersBefore, ownersAfter } = sides;
  const keyOf = (atom: Atom) =>
    `${isNameless(atom) ? "" : atom.section.name} ${meanings.ofContent(atom)}`;
  const alone = (split: SplitObject, owners: Ownership) =>
    new Map(split.atoms.filter((atom) => isAlone(atom, split, owners)).map((a) => [keyOf(a), a]));
  const [left, right] = [alone(before, ownersBefore), alone(after, ownersAfter)];
  const only = (one: typeof left, other: typeof left, change: PieceDifference["change"]) =>
    [...one].flatMap(([key, atom]) =>
      other.has(key) ? [] : { what: titleOf(atom), change, reasons: [] },
    );
  return [...only(left, right, "removed"), ...only(right, left, "added")];
}

function isAlone(atom: Atom, { referrers }: SplitObject, { ownerOf }: Ownership): boolean {
  if (!isTold(atom) || isNamed(atom) || atom.kind === "filling" || atom.size === 0) return false;
  if (atom.kind === "entry") return ownerOf(atom) === undefined;
  const isUsed = [...(referrers.get(atom) ?? [])].some(isTold);
  return !isUsed && atom.bytes?.every((byte) => byte === 0) !== true;
}

/** Loaded by Xen, and not a table that is compared elsewhere. */
function isTold({ section }: Atom): boolean {
  return (section.flags & SectionFlag.SHF_ALLOC) !== 0n && !ownTables.test(section.name);
}
