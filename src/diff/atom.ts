// An object taken apart: every byte of every section belongs to exactly one atom, the smallest piece
// that is carried or left as a whole. Functions and variables are atoms, and so are string literals,
// jump tables and the entries of special tables. References are stored as atom and offset, never as
// section and index, so that two objects can be compared by meaning.

import type { ElfObject, ElfSymbol, Section } from "../elf/object.ts";
import type { Names } from "./names.ts";
import type { SectionRole, SectionRule } from "./policy.ts";

export type AtomKind =
  /** Code under a symbol with a size. */
  | "function"
  /** Code under a label without a size, as in assembly. */
  | "labelled-code"
  /** Code without a name: fix-ups, replacements of alternatives. */
  | "nameless-code"
  /** Data under a symbol. */
  | "data"
  /** Data without a name: literals, jump tables. */
  | "literal"
  /** One entry of a special table. */
  | "entry"
  /** Filling between two other atoms. */
  | "filling"
  /** A section that is compared as a whole: debugging data, notes. */
  | "whole";

export interface Atom {
  readonly kind: AtomKind;
  readonly section: Section;
  readonly rule: SectionRule;
  /** Offset into the section, in bytes. */
  readonly start: number;
  readonly size: number;
  /** Undefined where the object has no contents (SHT_NOBITS). */
  readonly bytes: Uint8Array | undefined;
  /** The symbols in it that are not compiler labels; the one that names it comes first. */
  readonly symbols: readonly ElfSymbol[];
  /** The name of its symbol, else the section's with the offset after it. */
  readonly name: string;
  /** By offset. Filled in once, when all atoms exist. */
  references: readonly Reference[];
}

export interface Reference {
  /** Offset of the field in the atom, in bytes. */
  readonly offset: number;
  /** Of the field, in bytes. */
  readonly size: number;
  readonly target: Target;
  /** The field is a whole instruction, of which only some bits say where the target is (AArch64). */
  readonly isInstruction: boolean;
  /** Which relocation fills the field in; undefined when the assembler already did. */
  readonly relocation: FieldRelocation | undefined;
  /** How the instruction uses it. */
  readonly use: "branch" | "address" | "memory" | "data";
  /** From the start of the field to where its distance counts from; 0 in data. */
  readonly bias: number;
  /** Bits of the addend above the place (TableField.placeBits): a part of the line number. */
  readonly lineBits: number | undefined;
}

export interface FieldRelocation {
  readonly type: number;
  readonly symbol: ElfSymbol;
  readonly addend: bigint;
}

export type Target =
  | { readonly kind: "atom"; readonly atom: Atom; readonly offset: number }
  | { readonly kind: "external"; readonly symbol: ElfSymbol; readonly offset: bigint }
  | { readonly kind: "absolute"; readonly value: bigint };

export interface SplitObject {
  readonly object: ElfObject;
  /** In the order of sections and offsets. */
  readonly atoms: readonly Atom[];
  /** Of each atom, in `atoms`. */
  readonly positions: ReadonlyMap<Atom, number>;
  /** By each of the symbols that name one. */
  readonly bySymbol: ReadonlyMap<ElfSymbol, Atom>;
  /** The name in STT_FILE; the last one for objects that were linked from several. */
  readonly file: string;
  /** The atoms that refer to an atom; atoms without references have no entry. */
  readonly referrers: ReadonlyMap<Atom, ReadonlySet<Atom>>;
  readonly names: Names;
}

export function roleOf(atom: Atom): SectionRole {
  return atom.rule.role;
}

/** Has a name in Xen's own table, so a payload can bind to it instead of carrying it. */
export function isNamed(atom: Atom): boolean {
  return atom.kind === "function" || atom.kind === "labelled-code" || atom.kind === "data";
}

/** Is defined by its bytes alone, wherever it is: compared by content. */
export function isNameless(atom: Atom): boolean {
  return atom.kind === "literal" || atom.kind === "nameless-code";
}

/**
 * The size in its symbol, in bytes; less than `size` when code of a subsection follows
 * (split/cut-section.ts).
 */
export function symbolSizeOf(atom: Atom): number {
  return Number(namingSymbol(atom)?.size ?? atom.size);
}

/** The symbol that names it. */
export function namingSymbol(atom: Atom): ElfSymbol | undefined {
  return isNamed(atom) ? atom.symbols[0] : undefined;
}
