// The form in which x86.ts and aarch64.ts describe a relocation, and which relocate.ts executes.
// Letters are those of the supplements: S is the symbol's address, A the addend, P the address of the
// field. A comment next to each rule states its effect: for PC32 `S+A-P, 4 bytes, ±2 GiB`, for an
// instruction the bits of the value that it holds. A test compares the two.

import { unreachable } from "../invariant.ts";

export interface RelocationRule {
  /** Page() is the start of the 4 KiB page that contains the address. */
  readonly value: "S+A" | "S+A-P" | "Page(S+A)-Page(P)";
  readonly field: RelocationField;
  /** Undefined: every value is valid. */
  readonly bounds: RelocationBounds | undefined;
  /** Whether Xen's loader supports it, with these bounds (ABI §2.8). */
  readonly isInXen: boolean;
}

/** The range of the value, after an arithmetic shift to the right. */
export interface RelocationBounds {
  readonly min: bigint;
  readonly max: bigint;
  readonly shift: bigint;
}

/** Which bits are written; instructions are little-endian words of 32 bits. */
export type RelocationField =
  | { readonly kind: "nothing" }
  /** In bytes. */
  | { readonly kind: "data"; readonly size: 1 | 2 | 4 | 8 }
  /** `width` bits of the value from bit `shift` upwards, at bit `at` of the instruction. */
  | {
      readonly kind: "bits";
      readonly shift: bigint;
      readonly width: number;
      readonly at: number;
    }
  /** 21 bits from bit `shift` upwards, as adr and adrp hold them: immlo [30:29], immhi [23:5]. */
  | { readonly kind: "adr"; readonly shift: bigint }
  /** 16 bits at [20:5]; the instruction becomes movz, or movn with the complement if negative. */
  | { readonly kind: "signed-move"; readonly shift: bigint };

/** A rule of Xen's loader. */
export function rule(
  value: RelocationRule["value"],
  field: RelocationField,
  bounds?: RelocationBounds,
): RelocationRule {
  return { value, field, bounds, isInXen: true };
}

/** A type that compilers emit and Xen's loader refuses. */
export function notInXen(
  value: RelocationRule["value"],
  field: RelocationField,
  bounds?: RelocationBounds,
): RelocationRule {
  return { value, field, bounds, isInXen: false };
}

export const nothing: RelocationField = { kind: "nothing" };

export function data(size: 1 | 2 | 4 | 8): RelocationField {
  return { kind: "data", size };
}

export function signed(width: number, shift = 0n): RelocationBounds {
  const half = 1n << BigInt(width - 1);
  return { min: -half, max: half - 1n, shift };
}

export function unsigned(width: number, shift = 0n): RelocationBounds {
  return { min: 0n, max: (1n << BigInt(width)) - 1n, shift };
}

/** Data may be signed or unsigned: both ranges are valid. */
export function eitherSign(width: number): RelocationBounds {
  return { min: signed(width).min, max: unsigned(width).max, shift: 0n };
}

/** The size of the field in bytes. */
export function sizeOfField(field: RelocationField): number {
  switch (field.kind) {
    case "nothing":
      return 0;
    case "data":
      return field.size;
    case "bits":
    case "adr":
    case "signed-move":
      return 4;
    default:
      return unreachable(field);
  }
}
