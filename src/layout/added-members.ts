// New members of a structure: do they lie in holes that the running one has, and if so, what is in these of
// objects that exist already; if not, in which holes would they fit. A member in a hole moves nothing, so that
// all code goes on as it is, and only the new code has to be right with what it finds there.

import { DwarfAttribute as A } from "../dwarf/constants.ts";
import { numberOf, type TypeModel } from "../dwarf/model.ts";
import type { ElfObject } from "../elf/object.ts";
import { type Allocation, allocationsOf } from "./allocations.ts";
import { type Hole, holesOf, isInHole, type Member, membersOf, placeInHoles } from "./holes.ts";
import type { AddedMembers, LayoutRoom, PartChange } from "./layout-change.ts";

/** One side of an object. */
export interface ModelledObject {
  readonly model: TypeModel;
  /** Undefined where only the types are known. */
  readonly object: ElfObject | undefined;
}

/** Undefined for a type without new members. */
export function addedMembers(
  type: string,
  changes: readonly PartChange[],
  { model: old, object }: ModelledObject,
  fixed: TypeModel,
): AddedMembers | undefined {
  const [before, after] = [old.types.get(type), fixed.types.get(type)];
  if (before === undefined || after === undefined) return undefined;
  const known = new Set(membersOf(old, before).map(({ name }) => name));
  const members = membersOf(fixed, after).filter(({ name }) => !known.has(name));
  if (members.length === 0) return undefined;
  const holes = holesOf(old, before);
  const names = new Set<string | undefined>(members.map(({ name }) => name));
  const areInHoles =
    numberOf(before, A.DW_AT_byte_size) === numberOf(after, A.DW_AT_byte_size) &&
    changes.every(({ part }) => names.has(part)) &&
    members.every((member) => isInHole(member, holes));
  const allocations = areInHoles && object ? allocationsOf(object, old, type) : [];
  return { members, holes, areInHoles, allocations };
}

/** Beyond them, holes are only counted. */
const HOLES_SHOWN_MAX = 6;

/** @param all what was found of one type, in each object */
export function roomFor(all: readonly AddedMembers[]): LayoutRoom | undefined {
  const [first] = all;
  if (first === undefined) return undefined;
  if (all.every(({ areInHoles }) => areInHoles)) {
    const places = first.members.map(
      ({ name, offset, size }) => `"${name}" (${bytes(size)} at ${offset})`,
    );
    const inHoles = `nothing moves: holes of the running structure have room for ${places.join(", ")}`;
    const held = heldIn(all.flatMap(({ allocations }) => allocations));
    return { kind: "in-holes", told: [inHoles, held], members: first.members };
  }
  const placed = placeInHoles(first.members, first.holes);
  const told = first.members.flatMap((member) => {
    const place = placed.get(member);
    if (place === undefined) return member.size === 0 ? [] : [whyNoHole(member, first.holes)];
    const { hole, offset } = place;
    const where = hole.after === undefined ? "at the start" : `behind "${hole.after}"`;
    return [
      `"${member.name}" (${bytes(member.size)}) would fit into a hole of the running structure, of ${bytes(hole.size)} at ${hole.offset}: declared ${where} it lies at ${offset}, and nothing moves`,
    ];
  });
  const kind = placed.size === first.members.length ? "fits" : "too-small";
  return { kind, told, members: first.members };
}

function whyNoHole({ name, size, alignment, isBits }: Member, holes: readonly Hole[]): string {
  if (isBits) return `"${name}" is a bit-field, for which no hole is looked for`;
  const largest = [...holes].sort((left, right) => right.size - left.size);
  const shown = largest.slice(0, HOLES_SHOWN_MAX).map(describeHole);
  const more = largest.length - shown.length;
  const list = more > 0 ? [...shown, `${more} more`] : shown;
  const has = list.length === 0 ? "it has none" : `it has ${list.join(", ")}`;
  return `no hole of the running structure has room for "${name}" (${bytes(size)} at a multiple of ${alignment}): ${has}`;
}

function describeHole({ offset, size, after }: Hole): string {
  const where = after === undefined ? "" : ` behind "${after}"`;
  return `${size} at ${offset}${where}`;
}

function bytes(count: number): string {
  return `${count} byte${count === 1 ? "" : "s"}`;
}

/** What objects that exist already hold in their holes. */
function heldIn(all: readonly Allocation[]): string {
  const found = [...new Map(all.map((one) => [one.by + one.how, one])).values()];
  const order = ["anything", "unknown", "zeroed", "perhaps-zeroed"] as const;
  const worst = order.find((gives) => found.some((one) => one.gives === gives));
  const told = found
    .filter(({ gives }) => gives === worst)
    .map(({ by, how }) => `${by} ${how}`)
    .join("; ");
  switch (worst) {
    case "zeroed":
      return `objects that exist already hold zero there, as far as allocations were found: ${told}`;
    case "anything":
      return `objects that exist already hold there whatever was in their memory before: ${told}`;
    case "unknown":
    case "perhaps-zeroed":
      return `what objects that exist already hold there is not known: ${told}`;
    default:
      return "what objects that exist already hold there is not known: nobody was found who allocates one";
  }
}
