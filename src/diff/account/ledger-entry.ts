// The name of an atom in the ledger.

import { findColdParent } from "../../elf/cold-part.ts";
import { type Atom, roleOf } from "../atom.ts";
import type { Disposition, LedgerEntry } from "../ledger.ts";

export function entryFor(
  atom: Atom,
  side: LedgerEntry["side"],
  disposition: Disposition,
  reasons: readonly string[],
): LedgerEntry {
  return {
    what: titleOf(atom),
    section: atom.section.name,
    offset: atom.start,
    side,
    disposition,
    reasons,
  };
}

/** `function "do_foo"`, `table entry ".ex_table+0x8"` */
export function titleOf(atom: Atom): string {
  return `${nounOf(atom)} "${atom.name}"`;
}

function nounOf(atom: Atom): string {
  switch (atom.kind) {
    case "function":
      return findColdParent(atom.name) === undefined ? "function" : "cold part";
    case "labelled-code":
      return "assembly";
    case "nameless-code":
      return "code";
    case "data":
      return roleOf(atom) === "read-only" ? "constant" : "variable";
    case "literal":
      return roleOf(atom) === "per-use" ? "variable" : "constant data";
    case "entry":
      return "table entry";
    case "filling":
      return "filling";
    case "whole":
      return "section";
  }
}
