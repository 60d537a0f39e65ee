// Finds the relocation sections of each section in one pass over all section headers, because an object
// compiled with -ffunction-sections has thousands, each with its own relocations.

import type { RelocationTables, Section, SectionIndex } from "./object.ts";

export function findRelocationTables(sections: readonly Section[]): RelocationTables {
  const bySection = new Map<SectionIndex, Section[]>();
  const unreadable: Section[] = [];
  for (const section of sections) {
    if (section.type !== "SHT_RELA" && section.type !== "SHT_REL") continue;
    const target = section.info === 0 ? undefined : sections[section.info];
    if (target === undefined || section.type === "SHT_REL") {
      unreadable.push(section);
      continue;
    }
    const known = bySection.get(target.index);
    if (known === undefined) bySection.set(target.index, [section]);
    else known.push(section);
  }
  return { bySection, unreadable };
}
