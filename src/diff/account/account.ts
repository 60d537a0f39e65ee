// Last pass: a ledger entry for every difference, and the check that none is missing.

import type { Atom } from "../atom.ts";
import { isNamed } from "../atom.ts";
import { Ledger, type LedgerEntry } from "../ledger.ts";
import { accountAliases } from "./aliases.ts";
import { accountAlignment } from "./alignment.ts";
import type { Findings } from "./findings.ts";
import { type Judgement, judgeChange } from "./judge-change.ts";
import { judgeGone, judgeUncarried } from "./judge-unpaired.ts";
import { entryFor } from "./ledger-entry.ts";
import { accountSections } from "./sections.ts";
import { accountSymbols } from "./symbols.ts";

export function accountForAll(findings: Findings): readonly LedgerEntry[] {
  const { before, after, correlation } = findings.comparison;
  const ledger = new Ledger();
  for (const [left, right] of correlation.pairs()) accountPair(left, right, findings, ledger);
  for (const atom of before.atoms) {
    if (isNamed(atom) && !correlation.isPaired(atom)) accountGone(atom, findings, ledger);
  }
  for (const atom of after.atoms) {
    if (isNamed(atom) && !correlation.isPaired(atom)) accountNew(atom, findings, ledger);
  }
  for (const problem of findings.inclusion.problems) {
    const { rule, remedy, reason } = problem;
    ledger.add(entryFor(problem.atom, "after", { kind: "refused", rule, remedy }, [reason]));
  }
  accountAliases(findings.comparison, ledger);
  accountSections(findings, ledger);
  accountAlignment(findings, ledger);
  accountSymbols(findings.comparison, ledger);
  ledger.checkComplete([...before.atoms, ...after.atoms]);
  return ledger.entries;
}

/** A pair with the entries of special tables on both sides: they are compared with their owner. */
function accountPair(before: Atom, after: Atom, findings: Findings, ledger: Ledger): void {
  const { sides, verdicts, lineConstants } = findings.comparison;
  const entries = [...sides.ownersBefore.entriesOf(before), ...sides.ownersAfter.entriesOf(after)];
  const atoms = [before, after, ...entries];
  const reasons = findings.changes.reasons.get(after);
  if (reasons !== undefined) {
    for (const { disposition, reason } of judgeChange(
      before,
      after,
      findings.comparison,
      findings,
    )) {
      const told = reason === undefined ? reasons : [...reasons, reason];
      ledger.add(entryFor(after, "both", disposition, told), ...atoms);
    }
    return;
  }
  ledger.markSame(...atoms);
  const verdict = verdicts.get(after);
  for (const rule of verdict?.kind === "same" ? verdict.rules : []) {
    const told = (rule === "line-number" ? lineConstants.get(after) : undefined) ?? [
      ruleTexts[rule] ?? rule,
    ];
    ledger.add(entryFor(after, "both", { kind: "no-effect", rule }, told));
  }
}

const ruleTexts: Readonly<Record<string, string>> = {
  "line-number": "only line numbers of bug frames differ",
  moved: "refers to the same things, at other addresses",
  renumbered: "the compiler gave it another number",
  overwritten: "bytes differ that a relocation fills in",
  "symbol-attributes": "its symbols have other attributes",
};

function accountGone(atom: Atom, { comparison }: Findings, ledger: Ledger): void {
  const { disposition, reason } = judgeGone(atom, comparison);
  const entries = comparison.sides.ownersBefore.entriesOf(atom);
  ledger.add(
    entryFor(atom, "before", disposition, ["is gone", ...asList(reason)]),
    atom,
    ...entries,
  );
}

function accountNew(atom: Atom, { comparison, inclusion }: Findings, ledger: Ledger): void {
  const as = inclusion.carried.get(atom);
  const { disposition, reason }: Judgement =
    as === undefined ? judgeUncarried(atom, comparison) : { disposition: { kind: "carried", as } };
  const entries = comparison.sides.ownersAfter.entriesOf(atom);
  ledger.add(entryFor(atom, "after", disposition, ["is new", ...asList(reason)]), atom, ...entries);
}

function asList(reason: string | undefined): readonly string[] {
  return reason === undefined ? [] : [reason];
}
