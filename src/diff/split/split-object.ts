// Takes an object apart into atoms (atom.ts) and finds out what each of them refers to.

import { ElfType, Machine, SectionFlag } from "../../elf/constants.ts";
import type { ElfObject, ElfSymbol, Section, SectionIndex } from "../../elf/object.ts";
import { isTable } from "../../elf/sections.ts";
import { countBefore } from "../../sorted.ts";
import type { Atom, Reference, SplitObject, Target } from "../atom.ts";
import { DiffError } from "../errors.ts";
import { Names } from "../names.ts";
import { ruleForSection, type SectionPolicy } from "../policy.ts";
import { AtomFinder } from "./atom-finder.ts";
import { findAttachedHints } from "./attached-code.ts";
import { cutSection } from "./cut-section.ts";
import { type RawReference, rawReferences } from "./raw-references.ts";

/** @throws DiffError diff/unsupported-object; ElfError when the object lies about itself */
export function splitObject(object: ElfObject, policy: SectionPolicy): SplitObject {
  requireComparable(object);
  const sections = object.sections.filter((section) => isSplit(section));
  const symbols = namingSymbols(object);
  const references = readReferences(object, sections, policy, symbols);
  const places = referredPlaces(references);
  const tables = sections.map((section) => ({
    section,
    rule: ruleForSection(policy, section.name),
    references: references.get(section.index) ?? [],
  }));
  const hints = findAttachedHints(object, tables);
  const atoms = tables.flatMap(({ section, rule, references }) =>
    cutSection({
      object,
      section,
      rule,
      variables: policy.variables ?? [],
      symbols: symbols.get(section.index) ?? [],
      places: [...(places.get(section.index) ?? [])].sort((left, right) => left - right),
      hints: hints.get(section.index),
      relocated: references
        .filter(({ relocation }) => relocation !== undefined)
        .map(({ offset }) => offset),
    }),
  );
  // From here every byte has its atom, and places become atoms with offsets.
  const finder = new AtomFinder(atoms);
  for (const atom of atoms) {
    atom.references = referencesOf(atom, references.get(atom.section.index) ?? [], finder);
  }
  return {
    object,
    atoms,
    positions: new Map(atoms.map((atom, index) => [atom, index])),
    bySymbol: new Map(atoms.flatMap((atom) => atom.symbols.map((symbol) => [symbol, atom]))),
    file: fileOf(object),
    referrers: referrersOf(atoms),
    names: new Names(policy),
  };
}

function requireComparable(object: ElfObject): void {
  const { machine, type } = object.header;
  if (
    type === ElfType.ET_REL &&
    (machine === Machine.EM_X86_64 || machine === Machine.EM_AARCH64)
  ) {
    return;
  }
  throw new DiffError({
    code: "diff/unsupported-object",
    problem: `Cannot compare "${object.source}": it is of type ${type} for machine ${machine}`,
    where: object.source,
    expected: "a relocatable object for x86-64 or AArch64, as a compiler makes it",
  });
}

/** Tables that say how the file is made are looked at through what they say. */
function isSplit(section: Section): boolean {
  const { type, flags, index } = section;
  const isLoaded = (flags & SectionFlag.SHF_ALLOC) !== 0n;
  if (index === 0 || isTable(section)) return false;
  return type !== "SHT_STRTAB" || isLoaded;
}

/** By section index. Section symbols, files, labels of compilers and mapping symbols name nothing. */
function namingSymbols(object: ElfObject): ReadonlyMap<SectionIndex, readonly ElfSymbol[]> {
  const found = new Map<SectionIndex, ElfSymbol[]>();
  for (const symbol of object.symbols) {
    if (symbol.place.kind !== "section" || !isNaming(symbol)) continue;
    const list = found.get(symbol.place.index) ?? [];
    list.push(symbol);
    found.set(symbol.place.index, list);
  }
  return found;
}

export function isNaming({ name, type }: ElfSymbol): boolean {
  const isKind = type === "STT_SECTION" || type === "STT_FILE";
  return !isKind && name !== "" && !name.startsWith(".L") && !name.startsWith("$");
}

function readReferences(
  object: ElfObject,
  sections: readonly Section[],
  policy: SectionPolicy,
  symbols: ReadonlyMap<SectionIndex, readonly ElfSymbol[]>,
): ReadonlyMap<SectionIndex, readonly RawReference[]> {
  return new Map(
    sections
      .filter(({ flags }) => (flags & SectionFlag.SHF_ALLOC) !== 0n)
      .map((section) => [
        section.index,
        rawReferences({
          object,
          section,
          rule: ruleForSection(policy, section.name),
          starts: (symbols.get(section.index) ?? []).map(({ value }) => Number(value)),
        }),
      ]),
  );
}

/** Where nameless pieces begin. A distance in a jump table leads into code, which has names. */
function referredPlaces(
  references: ReadonlyMap<SectionIndex, readonly RawReference[]>,
): ReadonlyMap<SectionIndex, ReadonlySet<number>> {
  const found = new Map<SectionIndex, Set<number>>();
  for (const ofSection of references.values()) {
    for (const { place, isTableRelative, relocation } of ofSection) {
      if (place.kind !== "section" || isTableRelative || relocation === undefined) continue;
      const offsets = found.get(place.index) ?? new Set();
      found.set(place.index, offsets.add(place.offset));
    }
  }
  return found;
}

function referencesOf(
  atom: Atom,
  references: readonly RawReference[],
  finder: AtomFinder,
): readonly Reference[] {
  const found: Reference[] = [];
  for (const raw of inRange(references, atom)) {
    const { place, isTableRelative, ...rest } = raw;
    const tableStart = atom.kind === "literal" && isTableRelative ? raw.offset - atom.start : 0;
    const target: Target =
      place.kind === "section"
        ? finder.find(place.index, place.offset - tableStart, place.symbol)
        : place;
    const staysInside = target.kind === "atom" && target.atom === atom;
    if (raw.relocation === undefined && staysInside) continue;
    found.push({ ...rest, offset: raw.offset - atom.start, target });
  }
  return found;
}

/** The references that lie in the atom; the list is sorted by offset. */
function inRange(references: readonly RawReference[], atom: Atom): readonly RawReference[] {
  const countTo = (end: number) => countBefore(references, ({ offset }) => offset < end);
  return references.slice(countTo(atom.start), countTo(atom.start + atom.size));
}

function fileOf(object: ElfObject): string {
  const files = object.symbols.filter(({ type }) => type === "STT_FILE");
  return files.at(-1)?.name ?? "";
}

function referrersOf(atoms: readonly Atom[]): ReadonlyMap<Atom, ReadonlySet<Atom>> {
  const found = new Map<Atom, Set<Atom>>();
  for (const atom of atoms) {
    for (const { target } of atom.references) {
      if (target.kind !== "atom" || target.atom === atom) continue;
      const referrers = found.get(target.atom) ?? new Set();
      found.set(target.atom, referrers.add(atom));
    }
  }
  return found;
}
