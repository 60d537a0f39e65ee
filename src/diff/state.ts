// Which data holds values that have changed since the hypervisor booted.

import { type Atom, roleOf } from "./atom.ts";
import type { Comparison } from "./comparison.ts";
import type { SectionRole } from "./policy.ts";

const stateful: readonly SectionRole[] = ["writable", "boot-written", "per-cpu"];

export function isState(atom: Atom): boolean {
  return atom.kind === "data" && stateful.includes(roleOf(atom));
}

/**
 * Variables that begin their life with the fix, which may be meant for what others hold that go. What may
 * be an old one under another number is refused as ambiguous instead.
 */
export function findNewState({ after, correlation, crossed }: Comparison): readonly Atom[] {
  return after.atoms.filter(
    (atom) =>
      isState(atom) &&
      !correlation.isPaired(atom) &&
      !crossed.has(atom) &&
      correlation.ambiguityOf(atom) === undefined,
  );
}

/** Variables of the object before that nothing goes on with after. */
export function findGoneState({ before, correlation, crossed }: Comparison): readonly Atom[] {
  return before.atoms.filter(
    (atom) => isState(atom) && !correlation.isPaired(atom) && !crossed.has(atom),
  );
}
