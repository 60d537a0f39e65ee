// The account of a comparison: every atom of both objects is the same on both sides, or is listed here
// with the result for its difference. checkComplete() checks that nothing is missing.

import { invariant } from "../invariant.ts";
import type { Atom } from "./atom.ts";

/** Why a difference has no effect at run time. */
export type NoEffectRule =
  /** Source lines that moved: bug frames, and constants that are only a line number. */
  | "line-number"
  /** The same statement about the same target, which now has another place or label. */
  | "moved"
  /** The compiler numbered a static variable or a clone differently. */
  | "renumbered"
  /** Bytes that a relocation overwrites. */
  | "overwritten"
  /** Binding, type, visibility or length of a symbol; nothing in the code changed with it. */
  | "symbol-attributes"
  /** Names given by the compiler and used nowhere else. */
  | "label-numbering"
  | "debug-info"
  /** The linker leaves the section out. */
  | "discarded"
  /** Between functions and variables. */
  | "filling"
  /** Alignment of a section, which nothing in it requires. */
  | "alignment"
  /** Removed, and nothing that runs afterwards refers to it. */
  | "no-longer-used"
  /** New or different, and nothing that the payload carries refers to it. */
  | "unreached"
  /** Without a reference to it. */
  | "unreferenced-symbol"
  /** Already ran; the compiler only put the body of another function into it, or no longer does. */
  | "init-inlining"
  /** Already ran, and the author said that this is enough. */
  | "allowed-init"
  /** Already ran, and hooks do what it would do now. */
  | "left-to-hook"
  /** A variable with another initial value, that a hook may set. */
  | "set-by-hook"
  /** A variable that another object defines now: the hypervisor's own stays in use. */
  | "defined-elsewhere"
  /** A removed variable whose value the author allows to be lost. */
  | "allowed-lost";

/** Why a payload cannot carry the fix as it is. */
export type RefusalRule =
  | "init-code"
  | "init-data"
  | "init-reference"
  | "data-initial-value"
  | "data-size"
  | "data-alignment"
  /** The place of code, or the filling before it, is part of the fix. */
  | "code-alignment"
  /** A variable in use is removed, and a new one may be meant to replace it. */
  | "data-lost"
  | "read-only-escapes"
  /** Other objects refer to it, or may. */
  | "read-only-shared"
  | "per-cpu"
  | "ambiguous"
  /** Two names of one thing became two things, or the reverse. */
  | "alias"
  /** Removed, but its address was stored: unknown code may still call it. */
  | "held-address"
  | "nameless-data"
  | "assembly"
  | "too-small"
  | "unsafe-path"
  | "short-branch"
  | "unowned-entry"
  | "unsupported-section"
  | "unsupported-symbol"
  | "other-compiler";

export type Disposition =
  | {
      readonly kind: "carried";
      /** `replacement`: replaces the old one; `copy`: of constants; `with`: what these need. */
      readonly as: "replacement" | "new" | "copy" | "with";
      /** The author allows it, although this rule would refuse it. */
      readonly despite?: "unsafe-path" | undefined;
    }
  | { readonly kind: "no-effect"; readonly rule: NoEffectRule }
  | { readonly kind: "refused"; readonly rule: RefusalRule; readonly remedy: string };

export interface LedgerEntry {
  /** `function "do_foo"`, `section ".data.x"` */
  readonly what: string;
  readonly section: string;
  /** Offset into the section of the object named by `side`, in bytes. */
  readonly offset: number;
  readonly side: "before" | "after" | "both";
  readonly disposition: Disposition;
  /** The differences as text; at least one. */
  readonly reasons: readonly string[];
}

export type Refusal = LedgerEntry & { readonly disposition: { readonly kind: "refused" } };

export class Ledger {
  readonly #entries: LedgerEntry[] = [];
  readonly #accounted = new Set<Atom>();

  get entries(): readonly LedgerEntry[] {
    return this.#entries;
  }

  /** One entry accounts for all given atoms. */
  add(entry: LedgerEntry, ...atoms: readonly Atom[]): void {
    this.#entries.push(entry);
    this.markSame(...atoms);
  }

  /** Nothing differs, or another entry has reported it. */
  markSame(...atoms: readonly Atom[]): void {
    for (const atom of atoms) this.#accounted.add(atom);
  }

  isAccounted(atom: Atom): boolean {
    return this.#accounted.has(atom);
  }

  /** Every byte belongs to an atom, so the account is complete when every atom has one. */
  checkComplete(atoms: readonly Atom[]): void {
    const missing = atoms.find((atom) => !this.#accounted.has(atom));
    invariant(missing === undefined, `the ledger says nothing of ${missing?.name}`);
  }
}

export function refusalsOf(entries: readonly LedgerEntry[]): readonly Refusal[] {
  return entries.filter((entry): entry is Refusal => entry.disposition.kind === "refused");
}
