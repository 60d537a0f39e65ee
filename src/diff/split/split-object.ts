// Takes an object apart into atoms (atom.ts) and finds out what each of them refers to.

import { ElfType, Machine, SectionFlag } from "../../elf/constants.ts";
import type { ElfObject, ElfSymbol, Section, SectionIndex } from "../../elf/object.ts";
import { isTable } from "../../elf/sections.ts";
import { countBefore } from "../../sorted.ts";
import type { Atom, Reference, SplitObject, Target } from "../atom.ts";
import { DiffError } from "../errors.ts";
import { Names } from "../names.ts";
import { ruleForSection, type SectionPolicy, type SectionRule } from "../policy.ts";
import { requireDefined } from "../require-defined.ts";
import { AtomFinder } from "./atom-finder.ts";
import { findAttachedHints } from "./attached-code.ts";
import { cutSection, isMergeable } from "./cut-section.ts";
import { type RawReference, rawReferences } from "./raw-references.ts";

/** @throws DiffError diff/unsupported-object; ElfError when the object lies about itself */
export function splitObject(object: ElfObject, policy: SectionPolicy): SplitObject {
  requireComparable(object);
  const symbols = namingSymbols(object);
  const parts = readParts(object, policy, symbols);
  const places = referredPlaces(parts);
  const hints = findAttachedHints(object, parts);
  const variables = policy.variables ?? [];
  const found = parts.map((part) => {
    const { section, rule, references } = part;
    const { index } = section;
    const atoms = cutSection({
      object,
      section,
      rule,
      references,
      variables,
      symbols: symbols.get(index) ?? noSymbols,
      places: isMergeable(section) ? noOffsets : sorted(places.get(index)),
      hints: hints.get(index),
    });
    return { part, atoms };
  });
  // From here every byte has its atom, and places become atoms with offsets.
  const atoms = found.flatMap((one) => one.atoms);
  const finder = new AtomFinder(atoms);
  for (const { part, atoms: ofSection } of found) {
    if (part.references.length === 0) continue;
    for (const atom of ofSection) atom.references = referencesOf(atom, part.references, finder);
  }
  // Only a few questions need these.
  let positions: ReadonlyMap<Atom, number> | undefined;
  let bySymbol: ReadonlyMap<ElfSymbol, Atom> | undefined;
  return {
    object,
    atoms,
    get positions() {
      positions ??= new Map(atoms.map((atom, index) => [atom, index]));
      return positions;
    },
    get bySymbol() {
      bySymbol ??= new Map(atoms.flatMap((atom) => atom.symbols.map((symbol) => [symbol, atom])));
      return bySymbol;
    },
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

/** A section with its meaning, and what it refers to. */
interface Part {
  readonly section: Section;
  readonly rule: SectionRule;
  /** Of sections that are loaded. */
  readonly references: readonly RawReference[];
}

function readParts(
  object: ElfObject,
  policy: SectionPolicy,
  symbols: ReadonlyMap<SectionIndex, readonly ElfSymbol[]>,
): readonly Part[] {
  const sections = object.sections.filter((section) => isSplit(section));
  return sections.map((section) => {
    const rule = ruleForSection(policy, section.name);
    if ((section.flags & SectionFlag.SHF_ALLOC) === 0n) return { section, rule, references: [] };
    const starts = startsOf(symbols.get(section.index) ?? noSymbols);
    return { section, rule, references: rawReferences({ object, section, rule, starts }) };
  });
}

function startsOf(symbols: readonly ElfSymbol[]): readonly number[] {
  const starts: number[] = [];
  // Not by map(): V8 then makes it a list of doubles, and of every object that gets one of them another
  // kind of object, which costs a third of all time.
  for (const { value } of symbols) starts.push(Number(value));
  return starts;
}

/** Where nameless pieces begin. A distance in a jump table leads into code, which has names. */
function referredPlaces(parts: readonly Part[]): ReadonlyMap<SectionIndex, ReadonlySet<number>> {
  const found = new Map<SectionIndex, Set<number>>();
  for (const { references } of parts) {
    for (const { place, isTableRelative, relocation } of references) {
      if (place.kind !== "section" || isTableRelative || relocation === undefined) continue;
      const offsets = found.get(place.index);
      if (offsets === undefined) found.set(place.index, new Set([place.offset]));
      else offsets.add(place.offset);
    }
  }
  return found;
}

const noSymbols: readonly ElfSymbol[] = [];
const noOffsets: readonly number[] = [];

function sorted(offsets: ReadonlySet<number> | undefined): readonly number[] {
  return offsets === undefined ? noOffsets : [...offsets].sort((left, right) => left - right);
}

function referencesOf(
  atom: Atom,
  references: readonly RawReference[],
  finder: AtomFinder,
): readonly Reference[] {
  const found: Reference[] = [];
  const end = atom.start + atom.size;
  // The list is sorted by offset. There are hundreds of thousands, so that each is written out: what
  // spreads an object takes four times as long.
  for (
    let index = countBefore(references, ({ offset }) => offset < atom.start);
    index < references.length;
    index++
  ) {
    const raw = requireDefined(references[index]);
    if (raw.offset >= end) break;
    const { place, relocation, size, isInstruction, use, bias, lineBits } = raw;
    const offset = raw.offset - atom.start;
    const tableStart = atom.kind === "literal" && raw.isTableRelative ? offset : 0;
    const target: Target =
      place.kind === "section"
        ? finder.find(place.index, place.offset - tableStart, place.symbol)
        : place;
    const staysInside = target.kind === "atom" && target.atom === atom;
    if (relocation === undefined && staysInside) continue;
    found.push({ offset, size, target, isInstruction, relocation, use, bias, lineBits });
  }
  return found;
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
