// Where carried atoms lie in the draft. Each function gets a section of its own; the rest stays in the
// section that it came from, which holds nothing else any more.

import type { DraftSection } from "../../elf/draft.ts";
import type { Section } from "../../elf/object.ts";
import { type Atom, isNamed, roleOf } from "../atom.ts";
import { requireDefined } from "../require-defined.ts";

export interface AtomPlace {
  readonly section: DraftSection;
  /** Of the atom, into the section, in bytes. */
  readonly offset: number;
}

/** `atoms` in the order of their sections; the places keep it. */
export function layOut(atoms: readonly Atom[]): ReadonlyMap<Atom, AtomPlace> {
  const places = new Map<Atom, AtomPlace>();
  for (const group of groupBySection(atoms)) {
    const section = sectionFor(requireDefined(group[0]));
    const offsets = new Map<Atom, number>();
    let size = 0;
    for (const atom of group) {
      const offset = alignedTo(size, alignmentOf(atom));
      offsets.set(atom, offset);
      size = offset + atom.size;
    }
    section.content = contentOf(section, offsets, size);
    section.alignment = Math.max(1, ...group.map(alignmentOf));
    for (const [atom, offset] of offsets) places.set(atom, { section, offset });
  }
  return places;
}

function groupBySection(atoms: readonly Atom[]): readonly (readonly Atom[])[] {
  const shared = new Map<Section, Atom[]>();
  const groups: Atom[][] = [];
  for (const atom of atoms) {
    const group = roleOf(atom) === "code" ? undefined : shared.get(atom.section);
    if (group !== undefined) {
      group.push(atom);
      continue;
    }
    const started = [atom];
    groups.push(started);
    if (roleOf(atom) !== "code") shared.set(atom.section, started);
  }
  return groups;
}

function sectionFor(atom: Atom): DraftSection {
  const { section } = atom;
  const isShared = isNamed(atom) && section.name === ".text";
  return {
    name: isShared ? `.text.${atom.name}` : section.name,
    type: section.type,
    flags: section.flags,
    alignment: 1,
    entrySize: section.entrySize,
    content: { sizeBytes: 0 },
    relocations: [],
  };
}

function contentOf(
  section: DraftSection,
  offsets: ReadonlyMap<Atom, number>,
  size: number,
): DraftSection["content"] {
  if (section.type === "SHT_NOBITS") return { sizeBytes: size };
  const content = new Uint8Array(size);
  for (const [{ bytes }, offset] of offsets) if (bytes !== undefined) content.set(bytes, offset);
  return content;
}

/** What its old place grants, at most what its section asks for; entries and pieces lie side by side. */
function alignmentOf({ kind, section, start }: Atom): number {
  if (kind === "entry" || kind === "nameless-code") return 1;
  const wanted = Math.max(section.alignment, 1);
  return start === 0 ? wanted : Math.min(wanted, start & -start);
}

function alignedTo(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}
