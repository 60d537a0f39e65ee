// The run-pre check of AArch64 code, where a reference is some bits of an instruction, and an address is
// often made by two of them: a page, and the low bits of the address.

import type { Atom, Reference, Target } from "../diff/atom.ts";
import {
  type Aarch64Field,
  fieldOfDistance,
  fieldOfRelocation,
  isSameInstruction,
  referenceIn,
} from "../isa/aarch64/fields.ts";

export interface InstructionSides {
  readonly atom: Atom;
  /** Where the hypervisor has it. */
  readonly address: bigint;
  readonly running: Uint8Array;
}

export type PointedPlace =
  | { readonly kind: "other instruction" }
  /** What it holds is not understood here. */
  | { readonly kind: "unknown" }
  | { readonly kind: "place"; readonly holds: Aarch64Field["holds"]; readonly value: bigint };

/** What the running instruction refers to. */
export function pointedPlace(sides: InstructionSides, reference: Reference): PointedPlace {
  const { atom, address, running } = sides;
  const { offset, relocation } = reference;
  const [before, now] = [wordAt(atom.bytes, offset), wordAt(running, offset)];
  if (before === undefined || now === undefined) return { kind: "unknown" };
  const field =
    relocation === undefined ? fieldOfDistance(before) : fieldOfRelocation(relocation.type);
  if (field === undefined) return { kind: "unknown" };
  if (!isSameInstruction(field, before, now)) return { kind: "other instruction" };
  const value = referenceIn(field, now, address + BigInt(offset));
  return value === undefined ? { kind: "unknown" } : { kind: "place", holds: field.holds, value };
}

/** Whether such an instruction refers to an address, as far as it can say. */
export function refersTo(
  { holds, value }: Extract<PointedPlace, { kind: "place" }>,
  expected: bigint,
  lowBitsLost: bigint,
): boolean {
  switch (holds) {
    case "address":
      return value === expected;
    case "page":
      return value === (expected & ~0xfffn);
    case "low bits":
      return value === (expected & 0xfffn & ~lowBitsLost);
  }
}

/** Bits of an address that a load or store of this relocation's size cannot have: they are zero. */
export function lowBitsLost({ relocation }: Reference): bigint {
  const field = relocation === undefined ? undefined : fieldOfRelocation(relocation.type)?.field;
  return field?.kind === "bits" ? (1n << field.shift) - 1n : 0n;
}

/**
 * The address of what `target` is a part of, by one instruction or by two that refer to the same thing;
 * undefined where only one half is there.
 */
export function addressOfTarget(
  sides: InstructionSides,
  reference: Reference,
  target: Extract<Target, { kind: "atom" }>,
): bigint | undefined {
  const own = pointedPlace(sides, reference);
  if (own.kind !== "place") return undefined;
  if (own.holds === "address") return own.value - BigInt(target.offset);
  const otherHalf = own.holds === "page" ? "low bits" : "page";
  for (const other of sides.atom.references) {
    if (other.target.kind !== "atom" || other.target.atom !== target.atom) continue;
    const found = pointedPlace(sides, other);
    if (found.kind !== "place" || found.holds !== otherHalf) continue;
    const ownPart = { value: own.value, offset: BigInt(target.offset) };
    const otherPart = { value: found.value, offset: BigInt(other.target.offset) };
    return own.holds === "page" ? joined(ownPart, otherPart) : joined(otherPart, ownPart);
  }
  return undefined;
}

interface Half {
  readonly value: bigint;
  /** Into what both halves refer to. */
  readonly offset: bigint;
}

function joined(page: Half, low: Half): bigint {
  const lowOfPage = (low.value + page.offset - low.offset) & 0xfffn;
  return page.value + lowOfPage - page.offset;
}

function wordAt(bytes: Uint8Array | undefined, offset: number): number | undefined {
  if (bytes === undefined || offset + 4 > bytes.length) return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset, true);
}
