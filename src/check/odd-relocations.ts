// Relocations that Xen performs with another result than the payload's author intended (ABI reference
// §2.6 to §2.8).

import { SectionFlag } from "../elf/constants.ts";
import type { Relocation, Section } from "../elf/object.ts";
import { Aarch64Relocation } from "../isa/aarch64.ts";
import { readableRelocations } from "./readable-relocations.ts";
import type { Finding } from "./rule.ts";
import type { CheckedStep } from "./step.ts";
import { loadedSections, type Subject, whereInSection } from "./subject.ts";

interface RelocatedPlace {
  readonly section: Section;
  readonly relocation: Relocation;
}

export function lostReferences({ subject }: CheckedStep): readonly Finding[] {
  return relocatedPlaces(subject).flatMap(({ section, relocation }) => {
    const symbol = subject.object?.symbols[relocation.symbol];
    if (symbol?.place.kind !== "section") return [];
    const target = subject.object?.sections[symbol.place.index];
    if (target === undefined || ((target.flags & SectionFlag.SHF_ALLOC) !== 0n && target.size > 0))
      return [];
    const problem = `a reference to "${symbol.name || target.name}" leads nowhere`;
    return [{ problem, where: whereInSection(subject, section, relocation.offset) }];
  });
}

export function truncatedBranches({ subject, loaded }: CheckedStep): readonly Finding[] {
  if (loaded === undefined || subject.contents?.architecture !== "aarch64") return [];
  const addressOf = (index: number) => loaded.placement.sections.get(index)?.offset;
  return relocatedPlaces(subject).flatMap(({ section, relocation }) => {
    const symbol = subject.object?.symbols[relocation.symbol];
    const isShort = relocation.type === Aarch64Relocation.R_AARCH64_TSTBR14;
    if (!isShort || symbol?.place.kind !== "section") return [];
    const [from, to] = [addressOf(section.index), addressOf(symbol.place.index)];
    if (from === undefined || to === undefined) return [];
    const target = BigInt(to) + symbol.value + relocation.addend;
    const distance = target - BigInt(from + relocation.offset);
    if (-SHORT_REACH <= distance && distance < SHORT_REACH) return [];
    const problem = `a branch to "${symbol.name}" is ${distance} bytes long, and is cut off`;
    return [{ problem, where: whereInSection(subject, section, relocation.offset) }];
  });
}

const SHORT_REACH = 1n << 15n;

/** Of loaded sections. */
function relocatedPlaces(subject: Subject): readonly RelocatedPlace[] {
  const { object } = subject;
  if (object === undefined) return [];
  return loadedSections(subject).flatMap((section) =>
    readableRelocations(object, section).map((relocation) => ({ section, relocation })),
  );
}
