// The relocations of a section of a payload, as far as they can be read. Xen refuses the others, and
// its verdict says so.

import { ElfError } from "../elf/errors.ts";
import type { ElfObject, Relocation, Section } from "../elf/object.ts";
import { readRelocations } from "../elf/relocations.ts";

export function readableRelocations(object: ElfObject, section: Section): readonly Relocation[] {
  const tables = object.relocationTables.bySection.get(section.index) ?? [];
  return tables.flatMap((table) => {
    try {
      return readRelocations(object, table, section);
    } catch (error) {
      if (error instanceof ElfError) return [];
      throw error;
    }
  });
}
