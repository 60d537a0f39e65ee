// The account of what no symbol names: literals, table entries, filling, sections that are looked at
// as a whole, and what the section headers say.

import { SectionFlag } from "../../elf/constants.ts";
import { type Atom, isNameless, roleOf } from "../atom.ts";
import type { Comparison } from "../comparison.ts";
import { assemblyRemedy } from "../include.ts";
import type { Ledger, LedgerEntry } from "../ledger.ts";
import { lineBytes, sameBytes, withoutFields } from "../same-bytes.ts";
import { sameRelocations } from "../same-relocations.ts";
import type { Findings } from "./findings.ts";
import { type Judgement, refusal, refuseSection } from "./judge-change.ts";
import { entryFor } from "./ledger-entry.ts";

export function accountSections(findings: Findings, ledger: Ledger): void {
  const { before, after } = findings.comparison;
  accountNameless(findings, ledger);
  for (const [left, right] of pairSections(before.atoms, after.atoms)) {
    accountGroup(left, right, findings.comparison, ledger);
  }
}

/** What is the same somewhere on the other side is the same: a literal is nothing but its content. */
function accountNameless({ comparison, inclusion }: Findings, ledger: Ledger): void {
  const { meanings } = comparison.sides;
  const contents = (atoms: readonly Atom[]): ReadonlySet<string> =>
    new Set(atoms.filter(isNameless).map((atom) => meanings.ofContent(atom)));
  const known = contents(comparison.before.atoms);
  const present = contents(comparison.after.atoms);
  for (const atom of comparison.before.atoms.filter(isNameless)) {
    if (present.has(meanings.ofContent(atom))) ledger.markSame(atom);
    else {
      const rule = "no-longer-used";
      ledger.add(entryFor(atom, "before", { kind: "no-effect", rule }, ["is gone"]), atom);
    }
  }
  const knownLines = linesOf(comparison.before.atoms);
  for (const atom of comparison.after.atoms.filter(isNameless)) {
    if (known.has(meanings.ofContent(atom))) {
      const rule = "line-number";
      if (![...linesOf([atom])].every((line) => knownLines.has(line))) {
        ledger.add(
          entryFor(atom, "after", { kind: "no-effect", rule }, ["has another line"]),
          atom,
        );
      } else ledger.markSame(atom);
      continue;
    }
    const { disposition, reason } = inclusion.carried.has(atom)
      ? ({ disposition: { kind: "carried", as: "with" } } as const)
      : judgeNewNameless(atom, comparison);
    ledger.add(entryFor(atom, "after", disposition, [reason ?? "is new"]), atom);
  }
}

/** Numbers of lines that belong to the code that uses them, with all that they stand among. */
function linesOf(atoms: readonly Atom[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const atom of atoms) {
    if (roleOf(atom) !== "per-use" || lineBytes(atom) === undefined) continue;
    found.add(Buffer.from(withoutFields(atom) ?? []).toString("hex"));
  }
  return found;
}

function judgeNewNameless(atom: Atom, comparison: Comparison): Judgement {
  if (roleOf(atom) === "unsupported") return refuseSection(atom);
  return {
    disposition: isLooseCode(atom, comparison)
      ? { kind: "refused", rule: "assembly", remedy: assemblyRemedy }
      : { kind: "no-effect", rule: "unreached" },
  };
}

/** Code that belongs to no function may run without anybody in this object referring to it. */
function isLooseCode(atom: Atom, { sides }: Comparison): boolean {
  return atom.kind === "nameless-code" && sides.ownersAfter.ownerOf(atom) === undefined;
}

/** Atoms of sections with the same name, by kind; what neither names nor contents can pair. */
function pairSections(
  before: readonly Atom[],
  after: readonly Atom[],
): readonly (readonly [readonly Atom[], readonly Atom[]])[] {
  const groups = new Map<string, readonly [Atom[], Atom[]]>();
  for (const [side, atoms] of [before, after].entries()) {
    for (const atom of atoms) {
      if (atom.kind !== "entry" && atom.kind !== "filling" && atom.kind !== "whole") continue;
      const key = `${atom.kind} ${atom.section.name}`;
      const group = groups.get(key) ?? [[], []];
      group[side]?.push(atom);
      groups.set(key, group);
    }
  }
  return [...groups.values()];
}

function accountGroup(
  before: readonly Atom[],
  after: readonly Atom[],
  comparison: Comparison,
  ledger: Ledger,
): void {
  const [left, right] = [before, after].map((atoms) =>
    atoms.filter((atom) => atom.kind !== "entry" || !ledger.isAccounted(atom)),
  );
  if (left === undefined || right === undefined) return;
  const [first] = [...right, ...left];
  if (first === undefined) return;
  const isSame =
    left.length === right.length &&
    left.every((atom, index) => sameAtom(atom, right[index], comparison));
  if (isSame) {
    ledger.markSame(...left, ...right);
    return;
  }
  const isOneSided = left.length === 0 || right.length === 0;
  const { disposition, reason } = judgeGroup(first, isOneSided);
  const side: LedgerEntry["side"] =
    left.length === 0 ? "after" : right.length === 0 ? "before" : "both";
  ledger.add(entryFor(first, side, disposition, [reason ?? "differs"]), ...left, ...right);
}

function sameAtom(before: Atom, after: Atom | undefined, comparison: Comparison): boolean {
  if (after === undefined || before.size !== after.size) return false;
  const sameHeader =
    before.section.type === after.section.type && before.section.flags === after.section.flags;
  if (!sameHeader || !sameBytes(before.bytes, after.bytes)) return false;
  // References are known by meaning only in sections that are loaded.
  const isLoaded = (after.section.flags & SectionFlag.SHF_ALLOC) !== 0n;
  return isLoaded
    ? describeReferences(before, comparison) === describeReferences(after, comparison)
    : sameRelocations(
        { object: comparison.before.object, section: before.section },
        { object: comparison.after.object, section: after.section },
      );
}

function describeReferences({ references }: Atom, { sides }: Comparison): string {
  return references.map((found) => `${found.offset} ${sides.meanings.ofReference(found)}`).join();
}

function judgeGroup(atom: Atom, isOneSided: boolean): Judgement {
  if (atom.kind === "filling") {
    return { disposition: { kind: "no-effect", rule: "filling" }, reason: "between other things" };
  }
  if (atom.kind === "entry") {
    return refusal(
      "unowned-entry",
      `an entry of "${atom.section.name}" differs that belongs to no function`,
      "leave the assembly or the init code that it belongs to unchanged",
    );
  }
  switch (roleOf(atom)) {
    case "debug":
      return { disposition: { kind: "no-effect", rule: "debug-info" }, reason: "for debuggers" };
    case "discarded":
      return {
        disposition: { kind: "no-effect", rule: "discarded" },
        reason: "the hypervisor's linker script leaves it out",
      };
    case "producer":
      // A file that the patch adds, or takes away, has nothing on the other side.
      if (isOneSided) {
        return { disposition: { kind: "no-effect", rule: "debug-info" }, reason: "only one side" };
      }
      return refusal(
        "other-compiler",
        "the two objects were made by different compilers",
        "compile both sides with the compiler of the running hypervisor",
      );
    default:
      return refuseSection(atom);
  }
}
