// The instructions of a section, as far as the comparison needs them: which fields hold distances and
// constants. Data among code would shift the decoding, so it starts again at every symbol; a stretch
// that cannot be decoded has no instructions, and is then compared byte by byte.

import { Machine, SectionFlag } from "../../elf/constants.ts";
import type { ElfObject, Section } from "../../elf/object.ts";
import { contentsOf } from "../../elf/sections.ts";
import { findAarch64Branches } from "../../isa/aarch64-branches.ts";
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
  const cuts = [...new Set([0, ...starts, bytes.length])].sort((left, right) => left - right);
  for (const [index, start] of cuts.slice(0, -1).entries()) {
    const end = requireDefined(cuts[index + 1]);
    const stretch = bytes.subarray(start, end);
    const isX86 = object.header.machine === Machine.EM_X86_64;
    for (const field of isX86 ? x86Fields(stretch, start) : aarch64Fields(stretch, start)) {
      const staysInside = field.target >= start && field.target < end;
      if (!staysInside || relocated.has(field.offset)) found.set(field.offset, field);
    }
  }
  return found;
}

function x86Fields(bytes: Uint8Array, start: number): readonly DistanceField[] {
  return (findReferences(bytes) ?? []).map(({ offset, length, reference, takesAddress }) => {
    const { fieldOffset, fieldSize, kind, target } = reference;
    return {
      offset: start + fieldOffset,
      size: fieldSize,
      bias: offset + length - fieldOffset,
      use: kind !== "operand" ? "branch" : takesAddress ? "address" : "memory",
      isInstruction: false,
      target: start + Number(BigInt.asIntN(64, target)),
    };
  });
}

function aarch64Fields(bytes: Uint8Array, start: number): readonly DistanceField[] {
  return findAarch64Branches(bytes).map(({ offset, kind, target }) => ({
    offset: start + offset,
    size: 4,
    bias: 0,
    use: kind === "call" || kind === "jump" ? "branch" : "address",
    isInstruction: true,
    target: start + target,
  }));
}
