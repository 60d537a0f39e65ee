// The instructions of a section, as far as the comparison needs them: which fields hold distances and
// constants. Data among code would shift the decoding, so it starts again at every symbol; a stretch
// that cannot be decoded has no instructions, and is then compared byte by byte.

import { Machine, SectionFlag } from "../../elf/constants.ts";
import type { ElfObject, Section } from "../../elf/object.ts";
import { contentsOf } from "../../elf/sections.ts";
import { findAarch64Branches } from "../../isa/aarch64/branches.ts";
import { findReferences } from "../../isa/x86-references.ts";
import { requireDefined } from "../require-defined.ts";

/** A field that holds a distance; offsets count from the section's start. */
export interface DistanceField {
  readonly offset: number;
  readonly size: number;
  /** From the field's start to the end of the instruction, from where the distance counts. */
  readonly bias: number;
  readonly use: "branch" | "address" | "memory";
  readonly isInstruction: boolean;
  /** What the present bytes say. */
  readonly target: number;
}

export function isCode(section: Section): boolean {
  return (section.flags & SectionFlag.SHF_EXECINSTR) !== 0n;
}

/**
 * By the offset of the field: those that a relocation fills in, and those that lead elsewhere than
 * into their own stretch of code. `starts` are offsets at which code begins, in any order.
 */
export function distanceFields(
  object: ElfObject,
  section: Section,
  starts: readonly number[],
  relocated: ReadonlySet<number>,
): ReadonlyMap<number, DistanceField> {
  const found = new Map<number, DistanceField>();
  if (!isCode(section)) return found;
  const bytes = contentsOf(object, section);
  const isWhole = starts.every((start) => start === 0);
  const cuts = isWhole ? [0, bytes.length] : sortedCuts([0, ...starts, bytes.length]);
  for (let index = 0; index + 1 < cuts.length; index++) {
    const [start, end] = [requireDefined(cuts[index]), requireDefined(cuts[index + 1])];
    const stretch = bytes.subarray(start, end);
    const isX86 = object.header.machine === Machine.EM_X86_64;
    const fieldsOf = isX86 ? x86Fields : aarch64Fields;
    const isWanted: IsWanted = (offset, target) =>
      target < start || target >= end || relocated.has(offset);
    for (const field of fieldsOf(stretch, start, isWanted)) found.set(field.offset, field);
  }
  return found;
}

function sortedCuts(offsets: readonly number[]): readonly number[] {
  return [...new Set(offsets)].sort((left, right) => left - right);
}

/** Most distances stay in the stretch; the others are a fraction, and only they become fields. */
type IsWanted = (offset: number, target: number) => boolean;

function x86Fields(bytes: Uint8Array, start: number, isWanted: IsWanted): readonly DistanceField[] {
  const found: DistanceField[] = [];
  for (const { offset, length, reference, takesAddress } of findReferences(bytes) ?? []) {
    const { fieldOffset, fieldSize, kind } = reference;
    const target = start + Number(BigInt.asIntN(64, reference.target));
    if (!isWanted(start + fieldOffset, target)) continue;
    found.push({
      offset: start + fieldOffset,
      size: fieldSize,
      bias: offset + length - fieldOffset,
      use: kind !== "operand" ? "branch" : takesAddress ? "address" : "memory",
      isInstruction: false,
      target,
    });
  }
  return found;
}

function aarch64Fields(
  bytes: Uint8Array,
  start: number,
  isWanted: IsWanted,
): readonly DistanceField[] {
  const fields = findAarch64Branches(bytes).map(({ offset, kind, target }): DistanceField => {
    const use = kind === "call" || kind === "jump" ? "branch" : "address";
    return {
      offset: start + offset,
      size: 4,
      bias: 0,
      use,
      isInstruction: true,
      target: start + target,
    };
  });
  return fields.filter(({ offset, target }) => isWanted(offset, target));
}
