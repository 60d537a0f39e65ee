// How many bytes a relocation fills in, and whether they count from where they lie. Everything else
// about relocations is arithmetic, which isa/ has and the comparison does not need.

import { Aarch64Relocation } from "./aarch64.ts";
import { findArchitecture } from "./architecture.ts";
import { X86Relocation } from "./x86.ts";

export interface RelocationField {
  /** In bytes. */
  readonly size: number;
  /** Holds a distance, not an address. */
  readonly isRelative: boolean;
  /** The relocation fills in some bits of the word; the others are the instruction. */
  readonly isInstruction: boolean;
}

const X = X86Relocation;
const A = Aarch64Relocation;

const x86Fields: ReadonlyMap<number, RelocationField> = new Map([
  [X.R_X86_64_NONE, absolute(0)],
  [X.R_X86_64_64, absolute(8)],
  [X.R_X86_64_32, absolute(4)],
  [X.R_X86_64_32S, absolute(4)],
  [X.R_X86_64_16, absolute(2)],
  [X.R_X86_64_8, absolute(1)],
  [X.R_X86_64_PC64, relative(8)],
  [X.R_X86_64_PC16, relative(2)],
  [X.R_X86_64_PC8, relative(1)],
]);

const aarch64Fields: ReadonlyMap<number, RelocationField> = new Map([
  [A.R_AARCH64_NONE, absolute(0)],
  [A.R_AARCH64_ABS64, absolute(8)],
  [A.R_AARCH64_ABS32, absolute(4)],
  [A.R_AARCH64_ABS16, absolute(2)],
  [A.R_AARCH64_PREL64, relative(8)],
  [A.R_AARCH64_PREL32, relative(4)],
  [A.R_AARCH64_PREL16, relative(2)],
]);

export function relocationField(machine: number, type: number): RelocationField {
  return findArchitecture(machine) === "x86_64"
    ? (x86Fields.get(type) ?? relative(4))
    : (aarch64Fields.get(type) ?? { ...absolute(4), isInstruction: true });
}

/** The assembler takes one or the other for the same thing. */
export function meansTheSame(machine: number, left: number, right: number): boolean {
  if (left === right) return true;
  if (findArchitecture(machine) !== "x86_64") return false;
  const direct: readonly number[] = [X.R_X86_64_PC32, X.R_X86_64_PLT32];
  return direct.includes(left) && direct.includes(right);
}

function absolute(size: number): RelocationField {
  return { size, isRelative: false, isInstruction: false };
}

function relative(size: number): RelocationField {
  return { size, isRelative: true, isInstruction: false };
}
