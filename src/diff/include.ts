// What the payload carries: the replaced functions, what is new, and everything that these refer to
// and that the hypervisor does not have. What it has is bound to by name, never copied, so that state
// stays in one place.

import { findColdParent } from "../elf/cold-part.ts";
import { type Atom, isNameless, type Reference, roleOf } from "./atom.ts";
import type { Comparison } from "./comparison.ts";
import type { Ambiguity } from "./correlate/correlation.ts";
import { findEndedBy } from "./end-of-array.ts";
import type { Changes } from "./find-changes.ts";
import { isKeptReference } from "./kept-reference.ts";
import type { Disposition, RefusalRule } from "./ledger.ts";
import { blockLength } from "./owners.ts";
import type { SectionRole } from "./policy.ts";

export type CarriedAs = Extract<Disposition, { kind: "carried" }>["as"];

/** Why an atom that would have to travel cannot. */
interface Problem {
  /** Of the object after. */
  readonly atom: Atom;
  readonly rule: RefusalRule;
  readonly reason: string;
  readonly remedy: string;
}

export interface Inclusion {
  /** Atoms of the object after. */
  readonly carried: ReadonlyMap<Atom, CarriedAs>;
  /** Of these, code that only lies where an alternative of no code is said to be: it never runs. */
  readonly placesOnly: ReadonlySet<Atom>;
  readonly problems: readonly Problem[];
}

export function includeNeeded(comparison: Comparison, changes: Changes): Inclusion {
  const carried = new Map<Atom, CarriedAs>();
  const placesOnly = new Set<Atom>();
  const problems: Problem[] = [];
  const work: Atom[] = [];
  const carry = (atom: Atom, as: CarriedAs): void => {
    if (carried.has(atom) && !placesOnly.delete(atom)) return;
    carried.set(atom, as);
    work.push(atom, ...comparison.sides.ownersAfter.entriesOf(atom));
  };
  for (const atom of comparison.after.atoms) {
    const as = rootOf(atom, comparison, changes);
    if (as !== undefined) carry(atom, as);
  }
  for (let atom = work.pop(); atom !== undefined; atom = work.pop()) {
    if (!carried.has(atom)) carried.set(atom, "with");
    for (const reference of atom.references) {
      const found = judgeReference(atom, reference, comparison, changes);
      if (found === undefined) continue;
      if (typeof found !== "string") problems.push(found);
      else if (blockLength(atom, reference) !== 0) carry(targetAtom(reference), found);
      else if (!carried.has(targetAtom(reference))) {
        // Xen wants the place inside of the section, and takes nothing from there. Whose code it is and
        // what that refers to does not count.
        carried.set(targetAtom(reference), found);
        placesOnly.add(targetAtom(reference));
      }
    }
  }
  return { carried, placesOnly, problems: withoutRepetition(problems) };
}

/** Roles of sections whose contents a payload can bring. */
const loadable: readonly SectionRole[] = [
  "code",
  "read-only",
  "writable",
  "boot-written",
  "per-use",
];

function rootOf(atom: Atom, comparison: Comparison, changes: Changes): CarriedAs | undefined {
  const before = comparison.correlation.findBefore(atom);
  if (comparison.crossed.has(atom)) return undefined;
  if (before === undefined) {
    if (roleOf(atom) === "called-by-loader") return "new";
    const isShared = atom.symbols.some(({ binding }) => binding !== "STB_LOCAL");
    const isNew = (atom.kind === "function" || atom.kind === "data") && isShared;
    return isNew && loadable.includes(roleOf(atom)) ? "new" : undefined;
  }
  if (!changes.reasons.has(atom)) return undefined;
  if (atom.kind === "function" && roleOf(atom) === "code" && roleOf(before) === "code") {
    return findColdParent(atom.name) === undefined ? "replacement" : "with";
  }
  const isCopy = atom.kind === "data" && roleOf(atom) === "read-only" && !changes.escapes.has(atom);
  return isCopy && roleOf(before) === "read-only" ? "copy" : undefined;
}

function targetAtom({ target }: Reference): Atom {
  if (target.kind === "atom") return target.atom;
  throw new Error("Bug in xsplice: only an atom can be carried");
}

/** How the target comes along, why it cannot, or undefined when it is bound to. */
function judgeReference(
  from: Atom,
  reference: Reference,
  comparison: Comparison,
  changes: Changes,
): CarriedAs | Problem | undefined {
  const { target } = reference;
  if (target.kind !== "atom" || target.atom === from) return undefined;
  const { atom } = target;
  const problem = (rule: RefusalRule, reason: string, remedy: string): Problem => ({
    atom: from,
    rule,
    reason,
    remedy,
  });
  if (!canReachXen(reference) && !isNameless(atom)) {
    return problem(
      "short-branch",
      `refers to "${atom.name}" by a distance that is too short to reach the hypervisor`,
      "compile with -ffunction-sections, so that the jump can reach the hypervisor",
    );
  }
  const neighbour = findEndedBy(from, reference, comparison);
  if (neighbour !== undefined) {
    return problem(
      "ambiguous",
      `refers to where "${neighbour.name}" ends and "${atom.name}" begins, and could mean either`,
      `put "${atom.name}" into a section of its own (-fdata-sections, no section attribute)`,
    );
  }
  const before = comparison.correlation.findBefore(atom);
  if (roleOf(atom) === "init" && !isKeptReference(from, reference, comparison)) {
    return problem(
      "init-reference",
      `refers to "${atom.name}" in section "${atom.section.name}", which is freed after boot, otherwise or more often than the old code did`,
      "let the new code do without init functions and init data",
    );
  }
  if (before !== undefined) {
    const becameRuntime = roleOf(before) === "init" && roleOf(atom) !== "init";
    return becameRuntime && changes.reasons.has(atom) ? "new" : undefined;
  }
  if (comparison.crossed.has(atom)) return undefined;
  return judgeNew(atom, comparison, problem);
}

function judgeNew(
  atom: Atom,
  { correlation }: Comparison,
  problem: (rule: RefusalRule, reason: string, remedy: string) => Problem,
): CarriedAs | Problem | undefined {
  const role = roleOf(atom);
  const ambiguity = correlation.ambiguityOf(atom);
  if (ambiguity !== undefined) {
    const names = ambiguity.candidates.map(({ name }) => `"${name}"`).join(", ");
    return problem(
      "ambiguous",
      `refers to "${atom.name}", and it cannot be determined whether it is new or was ${names} before`,
      ambiguityRemedies[ambiguity.why],
    );
  }
  if (atom.kind === "filling" || atom.kind === "whole" || atom.kind === "entry") {
    return problem(
      "nameless-data",
      `refers to bytes of "${atom.name}" that are not its own and have no name`,
      "compile with -ffunction-sections -fdata-sections",
    );
  }
  if (role === "attached-code") return "with";
  if (!loadable.includes(role)) {
    return role === "per-cpu"
      ? undefined // told once, for the variable itself (account/)
      : problem(
          "unsupported-section",
          `refers to section "${atom.section.name}", which Xen does not read in a payload`,
          "avoid the section in the changed code",
        );
  }
  if (atom.kind === "labelled-code" || (atom.kind === "nameless-code" && role === "code")) {
    return problem(
      "assembly",
      `refers to "${atom.name}", assembly without a length`,
      assemblyRemedy,
    );
  }
  if (isNameless(atom) && role !== "read-only" && role !== "per-use") {
    return problem(
      "nameless-data",
      `refers to data without a name at "${atom.name}", which may be written`,
      "give the variable a name",
    );
  }
  return isNameless(atom) ? "with" : "new";
}

const ambiguityRemedies: Readonly<Record<Ambiguity["why"], string>> = {
  "home-unknown":
    "compile both sides with debug information (-g), which records where variables were declared",
  "too-many": "give the static variables of that name different names in the patch",
};

export const assemblyRemedy =
  "write a hook in C that does what the changed assembly does, or reboot into the fixed hypervisor";

/** A relocation can fill the field in with whatever distance the payload has from Xen. */
function canReachXen({ relocation, size, use, isInstruction }: Reference): boolean {
  return relocation !== undefined || (isInstruction ? use === "branch" : size >= 4);
}

function withoutRepetition(problems: readonly Problem[]): readonly Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ atom, rule, reason }) => {
    const key = `${atom.section.index} ${atom.start} ${rule} ${reason}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
