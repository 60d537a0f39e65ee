// Code without names that belongs to functions (fix-ups, replacements of alternatives) is cut where
// somebody points to. What runs on into the next piece is one with it: code that is also entered in the
// middle has to come along as a whole. Two things end a piece besides a jump:
//
//   - the length that a table says of a block, whatever the last instruction of the block is;
//   - a trap that an entry of a table catches, in order to go on elsewhere.

import { Machine } from "../../elf/constants.ts";
import type { ElfObject, Section, SectionIndex } from "../../elf/object.ts";
import { contentsOf } from "../../elf/sections.ts";
import { endsAarch64Flow } from "../../isa/aarch64/branches.ts";
import { findInstructions } from "../../isa/x86-references.ts";
import type { SectionRule } from "../policy.ts";
import { requireDefined } from "../require-defined.ts";
import { isCode } from "./code.ts";
import { type RawReference, tableFieldAt } from "./raw-references.ts";

/** What tables say of the code in a section; all are offsets. */
export interface AttachedHints {
  /** Where blocks begin and end. */
  readonly limits: Set<number>;
  /** Instructions whose fault is answered elsewhere. */
  readonly caught: Set<number>;
}

interface Table {
  readonly section: Section;
  readonly rule: SectionRule;
  /** In order of their offsets. */
  readonly references: readonly RawReference[];
}

export function findAttachedHints(
  object: ElfObject,
  tables: readonly Table[],
): ReadonlyMap<SectionIndex, AttachedHints> {
  const found = new Map<SectionIndex, AttachedHints>();
  const hintsFor = (index: SectionIndex): AttachedHints => {
    const hints = found.get(index) ?? { limits: new Set(), caught: new Set() };
    found.set(index, hints);
    return hints;
  };
  for (const table of tables) {
    if (table.rule.layout === undefined) continue;
    let owner: RawReference | undefined;
    for (const reference of table.references) {
      const { offset, place } = reference;
      const field = tableFieldAt(table.rule, offset);
      if (field?.meaning === "owner") owner = reference;
      if (field === undefined || place.kind !== "section") continue;
      if (field.lengthAt !== undefined) {
        const entry = offset - field.offset;
        const length = contentsOf(object, table.section)[entry + field.lengthAt] ?? 0;
        hintsFor(place.index)
          .limits.add(place.offset)
          .add(place.offset + length);
      } else if (field.meaning === "place" && owner?.place.kind === "section") {
        const leadsToCode = isCode(requireDefined(object.sections[place.index]));
        if (leadsToCode) hintsFor(owner.place.index).caught.add(owner.place.offset);
      }
    }
  }
  return found;
}

interface AttachedCode {
  readonly object: ElfObject;
  readonly section: Section;
  /** Offsets that somebody refers to. */
  readonly places: readonly number[];
  readonly hints: AttachedHints | undefined;
}

/** Offsets at which pieces begin that nothing runs into. */
export function attachedStarts({ object, section, places, hints }: AttachedCode): number[] {
  const { limits, caught } = hints ?? { limits: new Set<number>(), caught: new Set<number>() };
  const bytes = contentsOf(object, section);
  const runsOn = object.header.machine === Machine.EM_AARCH64 ? runsOnInAarch64 : runsOnInX86;
  const starts: number[] = [];
  let start = 0;
  for (const cut of [...new Set([...places, ...limits])].sort((left, right) => left - right)) {
    const piece = bytes.subarray(start, cut);
    if (!limits.has(cut) && runsOn(piece, (offset) => caught.has(start + offset))) continue;
    starts.push(cut);
    start = cut;
  }
  return starts;
}

type RunsOn = (bytes: Uint8Array, isCaught: (offset: number) => boolean) => boolean;

/** Also where that is not known: more is carried then than is needed, which does no harm. */
const runsOnInX86: RunsOn = (bytes, isCaught) => {
  const last = findInstructions(bytes)?.at(-1);
  if (last === undefined || last.flow === "next") return true;
  return last.flow === "trap" && !isCaught(last.offset);
};

const runsOnInAarch64: RunsOn = (bytes) => !endsAarch64Flow(bytes);
