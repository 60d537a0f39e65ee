// Cuts one section into atoms, at its symbols where it has some, else by what its kind says: strings
// end with a zero, entries have a size, and nameless pieces begin where somebody points to.

import { SectionFlag } from "../../elf/constants.ts";
import type { ElfObject, ElfSymbol, Section } from "../../elf/object.ts";
import { contentsOf } from "../../elf/sections.ts";
import { countBefore } from "../../sorted.ts";
import type { Atom, AtomKind } from "../atom.ts";
import { DiffError } from "../errors.ts";
import type { VariableRule } from "../policy.ts";
import { requireDefined } from "../require-defined.ts";
import { type AttachedHints, attachedStarts } from "./attached-code.ts";
import { isCode } from "./code.ts";
import { isFilling } from "./filling.ts";
import { type NamedInput, type NamedRange, namedRanges } from "./named-ranges.ts";
import type { RawReference } from "./raw-references.ts";

export interface CutInput extends NamedInput {
  readonly variables: readonly VariableRule[];
  /** Offsets that somebody refers to, for what no symbol names; ascending. */
  readonly places: readonly number[];
  /** For attached code. */
  readonly hints: AttachedHints | undefined;
  /** Of the section, in order of their offsets. */
  readonly references: readonly RawReference[];
}

/** The atoms cover the section without a gap; an empty section has one empty atom. */
export function cutSection(input: CutInput): readonly Atom[] {
  const { section, rule } = input;
  switch (rule.role) {
    case "debug":
    case "discarded":
    case "producer":
      return [atomOf(input, "whole", 0, section.size, input.symbols)];
    case "table":
      return cutEntries(input);
    case "attached-code":
      return cutAt(input, attachedStarts(input), "nameless-code");
    default:
      break;
  }
  if (rule.role === "unsupported" && input.symbols.length === 0) {
    return [atomOf(input, "whole", 0, section.size, [])];
  }
  if (isMergeable(section)) return cutAt(input, mergeableStarts(input), "literal");
  return cutAtSymbols(input);
}

/** Cut where its strings and constants begin, whoever refers to them. */
export function isMergeable({ flags, entrySize }: Section): boolean {
  return (flags & SectionFlag.SHF_MERGE) !== 0n && entrySize > 0;
}

function cutEntries(input: CutInput): readonly Atom[] {
  const size = input.rule.layout?.entrySize ?? input.section.size;
  const count = Math.ceil(input.section.size / size);
  return cutAt(
    input,
    Array.from({ length: count }, (_, index) => index * size),
    "entry",
  );
}

/** Of one section; a megabyte of empty strings would take hundreds of megabytes as atoms. */
const PIECES_MAX = 200_000;

function tooManyPieces({ source }: ElfObject, { name }: Section): DiffError {
  return new DiffError({
    code: "diff/unsupported-object",
    problem: `Cannot compare section "${name}": it has more than ${PIECES_MAX} pieces`,
    where: source,
    expected: "the literals of one source file",
  });
}

function mergeableStarts({ object, section }: CutInput): readonly number[] {
  const { entrySize, size } = section;
  const isStrings = (section.flags & SectionFlag.SHF_STRINGS) !== 0n;
  const bytes = contentsOf(object, section);
  const starts: number[] = [];
  for (let offset = 0, ended = true; offset < size; offset += entrySize) {
    if (ended) starts.push(offset);
    if (starts.length > PIECES_MAX) throw tooManyPieces(object, section);
    ended = !isStrings || isZero(bytes, offset, entrySize);
  }
  return starts;
}

function isZero(bytes: Uint8Array, start: number, length: number): boolean {
  for (let offset = start; offset < start + length; offset++) {
    if (bytes[offset] !== 0) return false;
  }
  return true;
}

/** Nameless pieces from each of `starts` to the next. */
function cutAt(input: CutInput, starts: readonly number[], kind: AtomKind): readonly Atom[] {
  const { size } = input.section;
  const inside = starts.filter((start) => start > 0 && start < size);
  const cuts = [...new Set([0, ...inside, size])].sort((left, right) => left - right);
  if (cuts.length === 1) return [atomOf(input, kind, 0, 0, input.symbols)];
  const symbols = new Map<number, ElfSymbol[]>();
  for (const symbol of input.symbols) {
    const index = countBefore(cuts, (start) => start <= Number(symbol.value)) - 1;
    const list = symbols.get(index) ?? [];
    list.push(symbol);
    symbols.set(index, list);
  }
  return cuts.slice(0, -1).map((start, index) => {
    const size = requireDefined(cuts[index + 1]) - start;
    return atomOf(input, kind, start, size, symbols.get(index) ?? []);
  });
}

function cutAtSymbols(input: CutInput): readonly Atom[] {
  const { section } = input;
  const atoms: Atom[] = [];
  let covered = 0;
  for (const range of namedRanges(input)) {
    atoms.push(...cutNameless(input, covered, range.start));
    atoms.push(cutNamed(input, range));
    covered = range.end;
  }
  if (covered < section.size || atoms.length === 0) {
    atoms.push(...cutNameless(input, covered, section.size));
  }
  return atoms;
}

function cutNamed(input: CutInput, range: NamedRange): Atom {
  const { start, end, symbols } = range;
  const [symbol] = symbols;
  const isStatic = symbol?.binding === "STB_LOCAL" && !isCode(input.section);
  const rule = isStatic ? input.variables.find(({ name }) => name.test(symbol.name)) : undefined;
  const ruled = rule === undefined ? input : { ...input, rule };
  const kind = ruled.rule.role === "per-use" ? "literal" : kindOf(input.section, range);
  return atomOf(ruled, kind, start, end - start, symbols);
}

function kindOf(section: Section, { hasSize, symbols }: NamedRange): AtomKind {
  if (!isCode(section)) return "data";
  const isFunction = symbols.some(({ type }) => type === "STT_FUNC");
  return hasSize && isFunction ? "function" : "labelled-code";
}

function cutNameless(input: CutInput, start: number, end: number): readonly Atom[] {
  const { section } = input;
  if (start === end && section.size > 0) return [];
  const places = between(input.places, start, end);
  const bytes = contentsOf(input.object, section).subarray(start, end);
  const isReferred = places.length > 0 || hasRelocation(input.references, start, end);
  if (!isReferred && isFilling(bytes, isCode(section))) {
    return [atomOf(input, "filling", start, end - start, [])];
  }
  const kind = isCode(section) ? "nameless-code" : "literal";
  const cuts = [...new Set([start, ...places])];
  return cuts.map((cut, index) => atomOf(input, kind, cut, (cuts[index + 1] ?? end) - cut, []));
}

function hasRelocation(references: readonly RawReference[], start: number, end: number): boolean {
  const first = countBefore(references, ({ offset }) => offset < start);
  for (let index = first; index < references.length; index++) {
    const reference = requireDefined(references[index]);
    if (reference.offset >= end) return false;
    if (reference.relocation !== undefined) return true;
  }
  return false;
}

/** Those of ascending offsets that lie in a range. */
function between(offsets: readonly number[], start: number, end: number): readonly number[] {
  const countTo = (limit: number) => countBefore(offsets, (offset) => offset < limit);
  return offsets.slice(countTo(start), countTo(end));
}

function atomOf(
  { object, section, rule }: CutInput,
  kind: AtomKind,
  start: number,
  size: number,
  symbols: readonly ElfSymbol[],
): Atom {
  const isNamed =
    kind === "function" ||
    kind === "labelled-code" ||
    kind === "data" ||
    (kind === "literal" && rule.role === "per-use");
  const offset = start === 0 ? "" : `+0x${start.toString(16)}`;
  return {
    kind,
    section,
    rule,
    start,
    size,
    bytes:
      section.type === "SHT_NOBITS"
        ? undefined
        : object.bytes.subarray(section.offset + start, section.offset + start + size),
    symbols,
    name: (isNamed ? symbols[0]?.name : undefined) ?? `${section.name}${offset}`,
    references: [],
  };
}
