// Whether the relocations of two sections say the same, by the names and values of symbols: for what is
// not loaded, and of which nobody knows what it means.

import { type ElfObject, type ElfSymbol, type Section, sectionIndex } from "../elf/object.ts";
import { relocationsOf } from "../elf/relocations.ts";
import { contentsOf } from "../elf/sections.ts";
import { requireDefined } from "./require-defined.ts";
import { sameBytes } from "./same-bytes.ts";

/** A section of an object. */
export interface Relocated {
  readonly object: ElfObject;
  readonly section: Section;
}

export function sameRelocations(before: Relocated, after: Relocated): boolean {
  if (!hasRelocations(before) && !hasRelocations(after)) return true;
  // Those of debugging data are most of an object, and nearly always the same to the byte.
  if (sameTables(before, after)) return true;
  const known = relocationsOf(before.object, before.section);
  const relocations = relocationsOf(after.object, after.section);
  return (
    known.length === relocations.length &&
    known.every(({ offset, type, addend, symbol }, index) => {
      const other = requireDefined(relocations[index]);
      return (
        other.offset === offset &&
        other.type === type &&
        other.addend === addend &&
        sameSymbol(
          before.object,
          requireDefined(before.object.symbols[symbol]),
          after.object,
          requireDefined(after.object.symbols[other.symbol]),
        )
      );
    })
  );
}

function hasRelocations({ object, section }: Relocated): boolean {
  return object.relocationTables.bySection.has(section.index);
}

function sameTables(before: Relocated, after: Relocated): boolean {
  const [one, other] = [tablesOf(before), tablesOf(after)];
  return one.length === other.length && one.every((bytes, index) => sameBytes(bytes, other[index]));
}

/** The section's relocations, the table of symbols, their names, and the names of all sections. */
function tablesOf({ object, section }: Relocated): readonly Uint8Array[] {
  const { sections, relocationTables } = object;
  const tables = [
    ...sections.filter(({ type }) => type === "SHT_SYMTAB" || type === "SHT_SYMTAB_SHNDX"),
    ...(relocationTables.bySection.get(section.index) ?? []),
  ];
  const linked = tables.flatMap(({ link }) => sections[sectionIndex(link)] ?? []);
  const names = Buffer.from(sections.map(({ name }) => name).join("\0"));
  return [...[...tables, ...linked].map((table) => contentsOf(object, table)), names];
}

function sameSymbol(left: ElfObject, one: ElfSymbol, right: ElfObject, other: ElfSymbol): boolean {
  return (
    one.name === other.name &&
    one.value === other.value &&
    sectionNameOf(left, one) === sectionNameOf(right, other)
  );
}

function sectionNameOf(object: ElfObject, { place }: ElfSymbol): string | undefined {
  return place.kind === "section" ? object.sections[place.index]?.name : place.kind;
}
