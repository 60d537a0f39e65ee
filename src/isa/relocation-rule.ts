// The form of a relocation's arithmetic, in which the tables of x86.ts and aarch64.ts are written
// and which relocate.ts carries out.

export interface RelocationRule {
  /** S is the symbol's value, A the addend, P the address of the field. */
  readonly expression:
    | "absolute" // S + A
    | "relative" // S + A - P
    | "page"; // Page(S + A) - Page(P), pages of 4 KiB
  readonly field: RelocationField;
  /** What the result must fit after an arithmetic shift to the right; undefined: anything does. */
  readonly check: RelocationCheck | undefined;
}

export interface RelocationCheck {
  readonly min: bigint;
  readonly max: bigint;
  readonly shift: bigint;
}

/** Which bits are written; instructions are little-endian words of 32 bits. */
export type RelocationField =
  | { readonly kind: "nothing" }
  | { readonly kind: "data"; readonly size: 2 | 4 | 8 }
  /** `width` bits of the result from bit `shift` upwards, at bit `at` of the instruction. */
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
