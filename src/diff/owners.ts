// Which function the entries of special tables and the nameless pieces of code belong to. An entry
// belongs to the function that it points into; a fix-up or the replacement of an alternative to the
// function whose entry, or whose jump, leads to it.

import { type Atom, isNamed, type Reference, type SplitObject } from "./atom.ts";
import type { TableField } from "./policy.ts";

export interface Ownership {
  /** In the order of the places that they point at; none for most functions. */
  readonly entriesOf: (owner: Atom) => readonly Atom[];
  /** Of an entry or a piece of code; undefined when none or several can claim it. */
  readonly ownerOf: (atom: Atom) => Atom | undefined;
}

export function findOwners(split: SplitObject): Ownership {
  const claims = new Claims();
  const entries = split.atoms.filter(({ kind }) => kind === "entry");
  const hasAttachedCode = split.atoms.some(({ kind }) => kind === "nameless-code");
  // A claim on a piece of code gives the entries that point into it an owner, who may claim more.
  do {
    claims.hasGrown = false;
    if (hasAttachedCode) for (const atom of split.atoms) claimReferences(atom, claims);
    for (const entry of entries) claimEntry(entry, claims);
  } while (claims.hasGrown);
  const entriesOf = new Map<Atom, { readonly entry: Atom; readonly at: number }[]>();
  for (const entry of entries) {
    const owner = claims.ownerOf(entry);
    if (owner === undefined) continue;
    const list = entriesOf.get(owner) ?? [];
    list.push({ entry, at: placeInOwner(entry) });
    entriesOf.set(owner, list);
  }
  const sorted = new Map<Atom, readonly Atom[]>();
  for (const [owner, list] of entriesOf) {
    const inOrder = list.sort((left, right) => left.at - right.at);
    sorted.set(
      owner,
      inOrder.map(({ entry }) => entry),
    );
  }
  const none: readonly Atom[] = [];
  return {
    entriesOf: (owner) => sorted.get(owner) ?? none,
    ownerOf: (atom) => claims.ownerOf(atom),
  };
}

class Claims {
  hasGrown = false;
  readonly #claims = new Map<Atom, Set<Atom>>();

  claim(atom: Atom, owner: Atom): void {
    const claimants = this.#claims.get(atom) ?? new Set();
    if (claimants.has(owner)) return;
    this.#claims.set(atom, claimants.add(owner));
    this.hasGrown = true;
  }

  ownerOf(atom: Atom): Atom | undefined {
    const claimants = this.#claims.get(atom);
    return claimants?.size === 1 ? [...claimants][0] : undefined;
  }
}

function claimReferences(atom: Atom, claims: Claims): void {
  const owner = isNamed(atom) ? atom : atom.kind === "entry" ? undefined : claims.ownerOf(atom);
  if (owner === undefined) return;
  for (const { target } of atom.references) {
    if (target.kind === "atom" && target.atom.kind === "nameless-code") {
      claims.claim(target.atom, owner);
    }
  }
}

function claimEntry(entry: Atom, claims: Claims): void {
  const place = referenceOf(entry, "owner")?.target;
  if (place?.kind !== "atom") return;
  const owner = isNamed(place.atom) ? place.atom : claims.ownerOf(place.atom);
  if (owner === undefined) return;
  claims.claim(entry, owner);
  for (const reference of entry.references) {
    const { target } = reference;
    const isEmpty = blockLength(entry, reference) === 0;
    if (target.kind === "atom" && target.atom.kind === "nameless-code" && !isEmpty) {
      claims.claim(target.atom, owner);
    }
  }
}

/** The field of an entry's table that the reference fills in. */
export function fieldOf(entry: Atom, reference: Reference): TableField | undefined {
  return entry.rule.layout?.fields.find(({ offset }) => offset === reference.offset);
}

/** How many bytes an entry says that there are at a place; undefined when it says nothing of it. */
export function blockLength(entry: Atom, reference: Reference): number | undefined {
  const lengthAt = fieldOf(entry, reference)?.lengthAt;
  return lengthAt === undefined ? undefined : entry.bytes?.[lengthAt];
}

function referenceOf(entry: Atom, meaning: TableField["meaning"]): Reference | undefined {
  return entry.references.find((reference) => fieldOf(entry, reference)?.meaning === meaning);
}

function placeInOwner(entry: Atom): number {
  const target = referenceOf(entry, "owner")?.target;
  return target?.kind === "atom" ? target.offset : 0;
}
