// The account of where things lie: the alignment of sections, and the filling in front of functions.
// Most of it means nothing: what was aligned to 16 bytes is still right at a place that happens to fit
// 32. But a fix may ask for a place on purpose (indirect branches in the upper half of a cache line,
// int3 where a CPU may run on in speculation), and what stays in the hypervisor stays where it is.

import type { Section } from "../../elf/object.ts";
import { type Atom, isNamed, roleOf } from "../atom.ts";
import type { Disposition, Ledger } from "../ledger.ts";
import type { SectionRole } from "../policy.ts";
import { isCode } from "../split/code.ts";
import { fillersOf } from "../split/filling.ts";
import type { Findings } from "./findings.ts";
import { titleOf } from "./ledger-entry.ts";

export function accountAlignment(findings: Findings, ledger: Ledger): void {
  for (const pair of pairSections(findings)) {
    accountSectionAlignment(pair, findings, ledger);
    if (!isCode(pair.after)) continue;
    accountGaps(pair, findings, ledger);
    accountFillers(pair, ledger);
  }
}

interface SectionPair {
  readonly before: Section;
  readonly after: Section;
  /** Of each side, in the order of their offsets. */
  readonly atomsBefore: readonly Atom[];
  readonly atomsAfter: readonly Atom[];
  /** Whose place the hypervisor keeps: named, on both sides, and not replaced by the payload. */
  readonly kept: readonly Atom[];
}

/** Sections of the same name, in order. */
function* pairSections({ comparison, changes }: Findings): Generator<SectionPair> {
  const { before, after, correlation } = comparison;
  const known = new Map<string, Section[]>();
  for (const section of before.object.sections) {
    known.set(section.name, [...(known.get(section.name) ?? []), section]);
  }
  const [atomsBefore, atomsAfter] = [atomsBySection(before.atoms), atomsBySection(after.atoms)];
  for (const section of after.object.sections) {
    const partner = known.get(section.name)?.shift();
    if (partner === undefined) continue;
    const atoms = atomsAfter.get(section) ?? [];
    const kept = atoms.filter(
      (atom) =>
        isNamed(atom) &&
        rolesWithPlace.includes(roleOf(atom)) &&
        correlation.findBefore(atom)?.section === partner &&
        !changes.reasons.has(atom),
    );
    const own = atomsBefore.get(partner) ?? [];
    yield { before: partner, after: section, atomsBefore: own, atomsAfter: atoms, kept };
  }
}

/** What is there when the fix arrives; the rest is gone, or nobody runs or reads it. */
const rolesWithPlace: readonly SectionRole[] = [
  "code",
  "read-only",
  "writable",
  "boot-written",
  "per-cpu",
];

function atomsBySection(atoms: readonly Atom[]): ReadonlyMap<Section, readonly Atom[]> {
  const found = new Map<Section, Atom[]>();
  for (const atom of atoms) {
    const list = found.get(atom.section);
    if (list === undefined) found.set(atom.section, [atom]);
    else list.push(atom);
  }
  return found;
}

function accountSectionAlignment(pair: SectionPair, findings: Findings, ledger: Ledger): void {
  const { before, after, kept } = pair;
  if (before.alignment === after.alignment) return;
  const reason = `aligned to ${before.alignment} before, to ${after.alignment} now`;
  const [first, ...others] = kept;
  if (first === undefined || after.alignment < before.alignment || hasOwnCause(pair, findings)) {
    const disposition: Disposition = { kind: "no-effect", rule: "alignment" };
    ledger.add(entryOf(undefined, after, disposition, reason));
    return;
  }
  const only = others.length === 0 ? first : undefined;
  ledger.add(entryOf(only, after, isCode(after) ? codeRefusal : dataRefusal, reason));
}

/** Something that is carried, or new and refused itself, and that lies on such a place may be all that wanted it. */
function hasOwnCause(
  { after, atomsAfter, kept }: SectionPair,
  { inclusion, comparison: { correlation } }: Findings,
): boolean {
  return atomsAfter.some(
    (atom) =>
      !kept.includes(atom) &&
      (inclusion.carried.has(atom) || !correlation.isPaired(atom)) &&
      atom.start % after.alignment === 0,
  );
}

/** Room in front of a function that is not there because something else has moved. */
function accountGaps(
  { after, atomsBefore, atomsAfter, kept }: SectionPair,
  { comparison }: Findings,
  ledger: Ledger,
): void {
  const [earlier, now] = [withGaps(atomsBefore), withGaps(atomsAfter)];
  for (const [index, { atom, gap }] of now.entries()) {
    const old = earlier[index];
    if (old === undefined || comparison.correlation.findBefore(atom) !== old.atom) return;
    if (gap !== old.gap && kept.includes(atom)) {
      const reason = `${old.gap} bytes of padding in front of it before, ${gap} now`;
      ledger.add(entryOf(atom, after, codeRefusal, reason));
    }
    // What follows is where it is because of this one.
    if (gap !== old.gap || atom.size !== old.atom.size) return;
  }
}

/** All but filling, each with the bytes of filling right in front of it. */
function withGaps(
  atoms: readonly Atom[],
): readonly { readonly atom: Atom; readonly gap: number }[] {
  let gap = 0;
  return atoms.flatMap((atom) => {
    if (atom.kind === "filling") {
      gap += atom.size;
      return [];
    }
    const found = { atom, gap };
    gap = 0;
    return [found];
  });
}

function accountFillers(
  { after, atomsBefore, atomsAfter, kept }: SectionPair,
  ledger: Ledger,
): void {
  if (kept.length === 0) return;
  const known = fillersOfAll(atomsBefore);
  // Where there was no filling there is nothing to tell a change from.
  if (known.size === 0) return;
  const added = [...fillersOfAll(atomsAfter)].filter((filler) => !known.has(filler));
  if (added.length === 0) return;
  const reason = `padded with ${[...known].join(" and ")} before, with ${added.join(" and ")} now`;
  ledger.add(entryOf(undefined, after, codeRefusal, reason));
}

function fillersOfAll(atoms: readonly Atom[]): ReadonlySet<string> {
  const fillings = atoms.filter(({ kind }) => kind === "filling");
  return new Set(fillings.flatMap(({ bytes }) => fillersOf(bytes ?? new Uint8Array())));
}

const codeRefusal: Disposition = {
  kind: "refused",
  rule: "code-alignment",
  remedy:
    "a payload cannot move what stays in the hypervisor: leave the alignment as it is if the fix does not need it; else reboot",
};

const dataRefusal: Disposition = {
  kind: "refused",
  rule: "data-alignment",
  remedy: "keep its alignment, and put what needs another into a new variable",
};

function entryOf(
  atom: Atom | undefined,
  section: Section,
  disposition: Disposition,
  reason: string,
): Parameters<Ledger["add"]>[0] {
  return {
    what: atom === undefined ? `section "${section.name}"` : titleOf(atom),
    section: section.name,
    offset: atom?.start ?? 0,
    side: "both",
    disposition,
    reasons: [reason],
  };
}
