// Problems of the addresses of a payload's functions and data: who stores them, and where they lead.

import type { KeptPointer } from "../payload/pointers/kept-pointers.ts";
import type { UnmarkedPointer } from "../payload/pointers/unmarked-pointers.ts";
import { compareReleases } from "../xen-abi/release.ts";
import type { Finding, Rule } from "./rule.ts";
import type { CheckedStep } from "./step.ts";
import { loadedSections, type Subject, whereInSection } from "./subject.ts";

export const pointerRules = {
  "pointer-without-endbr64": {
    title: "the payload takes the address of a function that does not start with ENDBR64",
    severity: "hazard",
    what: "The payload takes the address of a function of its own, and its code does not start with ENDBR64.",
    why: "A hypervisor built for CET-IBT dies when somebody calls the function through the pointer on a host that tracks indirect branches. Tables through which Xen itself jumps are left out.",
    remedy: "Mark the function with cf_check and compile with -fcf-protection=branch.",
    concerns: (release, architecture) =>
      architecture === "x86_64" && compareReleases(release, { major: 4, minor: 17, point: 0 }) >= 0,
    check: withoutLanding,
  },
  "pointer-kept": {
    title: "the hypervisor keeps a pointer into the payload",
    severity: "hazard",
    what: "The address of a function or an object that the payload brings goes into memory that is not its own, or to a function of Xen that may keep it, and no hook takes it back.",
    why: "A revert restores functions, and no pointer. Once the payload is unloaded, the hypervisor follows the pointer into freed memory, and dies. Found by following each address through the code, on x86-64; a note where a hook that runs on revert refers to the same.",
    remedy:
      "Take the pointer back in a prerevert, revert, postrevert or unload hook, or never unload the payload.",
    concerns: (_release, architecture) => architecture === "x86_64",
    check: kept,
  },
} as const satisfies Record<string, Rule>;

function withoutLanding({ subject, hypervisor }: CheckedStep): readonly Finding[] {
  // If no function of this release ever loses its mark, the missing mark means nothing.
  if (hypervisor.facts.poisonedEntries().size === 0) return [];
  return (subject.pointers?.unmarked ?? []).map((pointer) => ({
    problem: `"${pointer.name}" kills a host that tracks indirect branches when it is called by pointer`,
    where: placeOf(pointer, subject),
  }));
}

function kept({ subject }: CheckedStep): readonly Finding[] {
  return (subject.pointers?.kept ?? []).map((pointer): Finding => {
    const { where, what, how, takenBackBy } = pointer;
    const deed = `${where} takes the address of ${what} and ${how}`;
    const place = placeOf(pointer, subject);
    if (takenBackBy === undefined) return { problem: deed, where: place };
    const problem = `${deed}, and the ${takenBackBy} hook seems to take it back`;
    return { problem, where: place, severity: "note" };
  });
}

function placeOf({ section, offset }: KeptPointer | UnmarkedPointer, subject: Subject): string {
  const found = loadedSections(subject).find(({ name }) => name === section.name);
  return found === undefined ? subject.source : whereInSection(subject, found, offset);
}
