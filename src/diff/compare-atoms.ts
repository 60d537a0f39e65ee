// Whether the two atoms of a pair are the same, by meaning: fields that a relocation or the assembler
// fills in are compared by their targets. A difference without meaning gets the name of the rule that
// ignores it, so that nothing is ignored silently.

import type { ElfSymbol } from "../elf/object.ts";
import { meansTheSame } from "../isa/filled-bytes.ts";
import { type Atom, type FieldRelocation, type Reference, roleOf } from "./atom.ts";
import type { NoEffectRule } from "./ledger.ts";
import type { Meanings } from "./meaning.ts";
import type { Names } from "./names.ts";
import { blockLength, fieldOf, type Ownership } from "./owners.ts";
import { requireDefined } from "./require-defined.ts";
import { comparableBytes, lineBytes, sameBytes } from "./same-bytes.ts";

export type Aspect =
  | "section"
  | "size"
  | "bytes"
  | "references"
  /** An entry of a special table that belongs to it. */
  | "entries";

export type Verdict =
  /** Without rules: to the last bit. */
  | { readonly kind: "same"; readonly rules: ReadonlySet<NoEffectRule> }
  | { readonly kind: "different"; readonly aspects: ReadonlySet<Aspect> };

export interface Sides {
  readonly machine: number;
  readonly meanings: Meanings;
  readonly names: Names;
  readonly ownersBefore: Ownership;
  readonly ownersAfter: Ownership;
}

export function compareAtoms(before: Atom, after: Atom, sides: Sides): Verdict {
  const rules = new Set<NoEffectRule>();
  const aspects = new Set<Aspect>();
  if (!sameSection(before, after)) aspects.add("section");
  if (before.size !== after.size) aspects.add("size");
  else if (!(isZero(before) && isZero(after))) {
    compareContents(before, after, sides, { rules, aspects });
  }
  if (!sameSymbols(before, after, sides)) rules.add("symbol-attributes");
  if (before.symbols[0]?.name !== after.symbols[0]?.name) rules.add("renumbered");
  if (before.section.name !== after.section.name) rules.add("moved");
  compareEntries(before, after, sides, { rules, aspects });
  return aspects.size > 0 ? { kind: "different", aspects } : { kind: "same", rules };
}

interface Findings {
  readonly rules: Set<NoEffectRule>;
  readonly aspects: Set<Aspect>;
}

function sameSection(before: Atom, after: Atom): boolean {
  // With or without bytes in the file: a variable that begins as zero does so either way, in its old place.
  const room = Math.max(before.section.alignment, ANY_SCALAR);
  const isPlaced = after.section.alignment <= room;
  const isZeroed = after.kind === "data" && isPlaced && isZero(before) && isZero(after);
  return (
    before.section.flags === after.section.flags &&
    (before.section.type === after.section.type || isZeroed) &&
    roleOf(before) === roleOf(after)
  );
}

/** Alignment of the largest scalar, which every variable of such a type has. */
const ANY_SCALAR = 8;

function isZero({ bytes, references }: Atom): boolean {
  return references.length === 0 && (bytes === undefined || bytes.every((byte) => byte === 0));
}

function compareContents(before: Atom, after: Atom, sides: Sides, findings: Findings): void {
  const sameFields =
    before.references.length === after.references.length &&
    before.references.every((reference, index) =>
      sameReference(before, after, reference, requireDefined(after.references[index]), sides),
    );
  if (!sameFields) findings.aspects.add("references");
  if (!(sameFields && sameBytes(before.bytes, after.bytes))) {
    if (!sameBytes(comparableBytes(before), comparableBytes(after))) findings.aspects.add("bytes");
  }
  if (findings.aspects.size > 0) return;
  before.references.forEach((reference, index) => {
    const partner = requireDefined(after.references[index]);
    if (reference.lineBits !== partner.lineBits) findings.rules.add("line-number");
    else if (!sameSpelling(reference.relocation, partner.relocation)) findings.rules.add("moved");
  });
  if (!sameBytes(lineBytes(before), lineBytes(after))) findings.rules.add("line-number");
  else if (!sameBytes(before.bytes, after.bytes)) findings.rules.add(ruleForBytes(before));
}

/** Bytes that the assembler filled in differ because their target moved. */
function ruleForBytes({ references }: Atom): NoEffectRule {
  return references.some(({ relocation }) => relocation === undefined) ? "moved" : "overwritten";
}

function sameReference(
  before: Atom,
  after: Atom,
  left: Reference,
  right: Reference,
  { machine, meanings }: Sides,
): boolean {
  if (left.offset !== right.offset || left.size !== right.size) return false;
  const [leftType, rightType] = [left.relocation?.type, right.relocation?.type];
  if (leftType !== undefined && rightType !== undefined) {
    if (!meansTheSame(machine, leftType, rightType)) return false;
  }
  return (
    meanings.isOnePair(left.target, right.target) ||
    meanings.ofTarget(left.target, blockLength(before, left)) ===
      meanings.ofTarget(right.target, blockLength(after, right))
  );
}

/** Whether both relocations are written alike: type, addend and symbol. */
function sameSpelling(
  left: FieldRelocation | undefined,
  right: FieldRelocation | undefined,
): boolean {
  if (left === undefined || right === undefined) return left === right;
  return (
    left.type === right.type &&
    left.addend === right.addend &&
    left.symbol.name === right.symbol.name &&
    left.symbol.type === right.symbol.type
  );
}

function sameSymbols(before: Atom, after: Atom, { names }: Sides): boolean {
  if (sameOnlySymbol(before, after)) return true;
  const describe = (atom: Atom): string =>
    atom.symbols
      .map((symbol) => attributesOf(symbol, atom.start, names))
      .sort()
      .join();
  return describe(before) === describe(after);
}

/** As most are, and quickly seen. */
function sameOnlySymbol(before: Atom, after: Atom): boolean {
  const [one, other] = [before.symbols[0], after.symbols[0]];
  return (
    before.symbols.length + after.symbols.length === 2 &&
    one?.name === other?.name &&
    one?.size === other?.size &&
    one?.binding === other?.binding &&
    one?.type === other?.type &&
    one?.visibility === other?.visibility &&
    Number(one?.value) - before.start === Number(other?.value) - after.start
  );
}

function attributesOf(symbol: ElfSymbol, start: number, names: Names): string {
  const { name, size, binding, type, visibility } = symbol;
  const place = Number(symbol.value) - start;
  return [names.generic(name), place, size, binding, type, visibility].join(" ");
}

function compareEntries(before: Atom, after: Atom, sides: Sides, findings: Findings): void {
  const left = sides.ownersBefore.entriesOf(before);
  const right = sides.ownersAfter.entriesOf(after);
  if (left.length !== right.length) findings.aspects.add("entries");
  for (const [index, entry] of left.entries()) {
    const partner = right[index];
    if (partner === undefined) return;
    if (entry.section.name !== partner.section.name || !sameSection(entry, partner)) {
      findings.aspects.add("entries");
      return;
    }
    const inner: Findings = { rules: findings.rules, aspects: new Set() };
    compareContents(entry, partner, sides, inner);
    if (inner.aspects.size > 0) findings.aspects.add("entries");
  }
}

/** The entries that have no equal on the other side, in the order of their owner. */
export function differingEntries(before: Atom, after: Atom, sides: Sides): readonly Atom[] {
  const keyOf = (entry: Atom): string =>
    [
      entry.section.name,
      Buffer.from(comparableBytes(entry) ?? []).toString("hex"),
      ...entry.references.map((reference) =>
        sides.meanings.ofTarget(reference.target, blockLength(entry, reference)),
      ),
    ].join();
  const known = new Set(sides.ownersBefore.entriesOf(before).map(keyOf));
  const present = new Set(sides.ownersAfter.entriesOf(after).map(keyOf));
  return [
    ...sides.ownersAfter.entriesOf(after).filter((entry) => !known.has(keyOf(entry))),
    ...sides.ownersBefore.entriesOf(before).filter((entry) => !present.has(keyOf(entry))),
  ];
}

/** Where in its owner an entry points, for messages. */
export function placeOfEntry(entry: Atom): number | undefined {
  const owner = entry.references.find((found) => fieldOf(entry, found)?.meaning === "owner");
  return owner?.target.kind === "atom" ? owner.target.offset : undefined;
}
