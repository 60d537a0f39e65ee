// Warnings about addresses of a payload's functions and data (payload/pointers/): pointers that crash
// hosts with branch tracking, and pointers that the hypervisor keeps.

import type { PointerFacts } from "../payload/pointers/pointer-facts.ts";
import { hasMarks } from "./landing-marks.ts";
import type { Surroundings } from "./payload-below.ts";

/** One line for each. */
export function ownPointerWarnings(
  { kept, unmarked }: PointerFacts,
  xen: Surroundings,
): readonly string[] {
  const calls = unmarked.length > 0 && hasMarks(xen) ? unmarked : [];
  return [
    ...calls.map(
      ({ name }) =>
        `warning: the source takes the address of its own "${name}", which does not start with ENDBR64: ` +
        "a host that enforces branch tracking (CET-IBT) crashes when it is called by pointer; mark it cf_check\n",
    ),
    ...kept.map(({ what, where, how, takenBackBy }) =>
      takenBackBy === undefined
        ? `warning: ${where} takes the address of ${what} and ${how}: after a revert the hypervisor ` +
          "still has that pointer, so the payload cannot be unloaded; take it back in a revert hook\n"
        : `note: ${where} takes the address of ${what} and ${how}; the ${takenBackBy} hook seems to take it back\n`,
    ),
  ];
}
