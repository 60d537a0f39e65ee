// The account of a comparison: every atom of both objects is the same on both sides, or stands here
// with what became of its difference. checkComplete() holds that nothing is missing.

import { invariant } from "../invariant.ts";
import type { Atom } from "./atom.ts";

/** Why a difference has no effect on what runs. */
export type NoEffectRule =
  /** Source lines that moved: bug frames, and constants that are nothing but a line number. */
  | "line-number"
  /** Says the same about the same thing, which lies elsewhere or has another label now. */
  | "moved"
  /** The compiler numbered a static variable or a clone otherwise. */
  | "renumbered"
  /** Bytes that a relocation fills in anyhow. */
  | "overwritten"
  /** Binding, type, visibility or length of a symbol; nothing in the code changed with it. */
  | "symbol-attributes"
  /** Names that only the compiler gave and nobody sees. */
  | "label-numbering"
  | "debug-info"
  /** The linker leaves the section out. */
  | "discarded"
  /** Between functions and variables. */
  | "filling"
  /** Of a section; what lies in it did not ask for more. */
  | "alignment"
  /** Gone, and nothing that runs afterwards refers to it. */
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
  /** A variable that another object defines now: the hypervisor's own stays in use. */
  | "defined-elsewhere"
  /** A variable that goes with what it holds, as the author accepts. */
  | "allowed-lost";

/** Why the fix cannot be carried by a payload as it is. */
export type RefusalRule =
  | "init-code"
  | "init-data"
  | "init-reference"
  | "data-initial-value"
  | "data-size"
  | "data-alignment"
  /** Where code lies, or what fills the room before it, is part of the fix. */
  | "code-alignment"
  /** A variable in use goes, and a new one comes that may be meant to take its place. */
  | "data-lost"
  | "read-only-escapes"
  /** Other objects refer to it, or may. */
  | "read-only-shared"
  | "per-cpu"
  | "ambiguous"
  /** Two names for one thing became two things, or the other way round. */
  | "alias"
  /** Gone, but its address was handed out: nobody knows who still calls it. */
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
      /** `replacement`: in the place of the old one; `copy`: of constants; `with`: what these need. */
      readonly as: "replacement" | "new" | "copy" | "with";
    }
  | { readonly kind: "no-effect"; readonly rule: NoEffectRule }
  | { readonly kind: "refused"; readonly rule: RefusalRule; readonly remedy: string };

export interface LedgerEntry {
  /** `function "do_foo"`, `section ".data.x"` */
  readonly what: string;
  readonly section: string;
  /** Into the section of the object named by `side`, in bytes. */
  readonly offset: number;
  readonly side: "before" | "after" | "both";
  readonly disposition: Disposition;
  /** What differs, in words for people; at least one. */
  readonly reasons: readonly string[];
}

export type Refusal = LedgerEntry & { readonly disposition: { readonly kind: "refused" } };

export class Ledger {
  readonly #entries: LedgerEntry[] = [];
  readonly #accounted = new Set<Atom>();

  get entries(): readonly LedgerEntry[] {
    return this.#entries;
  }

  /** An entry settles the difference of all the atoms given. */
  add(entry: LedgerEntry, ...atoms: readonly Atom[]): void {
    this.#entries.push(entry);
    this.markSame(...atoms);
  }

  /** Nothing differs, or another entry has told it. */
  markSame(...atoms: readonly Atom[]): void {
    for (const atom of atoms) this.#accounted.add(atom);
  }

  isAccounted(atom: Atom): boolean {
    return this.#accounted.has(atom);
  }

  /** Every byte belongs to an atom, so every byte has its account when every atom has. */
  checkComplete(atoms: readonly Atom[]): void {
    const missing = atoms.find((atom) => !this.#accounted.has(atom));
    invariant(missing === undefined, `the ledger says nothing of ${missing?.name}`);
  }
}

export function refusalsOf(entries: readonly LedgerEntry[]): readonly Refusal[] {
  return entries.filter((entry): entry is Refusal => entry.disposition.kind === "refused");
}
