// Which bytes of an object a relocation fills in, for comparing and reading objects; includes types
// that Xen's loader refuses, and types without a rule here.

import { aarch64Rules } from "./aarch64.ts";
import { findArchitecture } from "./architecture.ts";
import { type RelocationRule, sizeOfField } from "./relocation-rule.ts";
import { X86Relocation, x86Rules } from "./x86.ts";

export interface FilledBytes {
  /** In bytes. */
  readonly size: number;
  /** They hold a distance, not an address. */
  readonly isRelative: boolean;
  /** The relocation fills in some bits of the word; the others belong to the instruction. */
  readonly isInstruction: boolean;
}

export function filledBytes(machine: number, type: number): FilledBytes {
  return findArchitecture(machine) === "x86_64"
    ? (x86Bytes.get(type) ?? otherOfX86)
    : (aarch64Bytes.get(type) ?? otherOfAarch64);
}

/** GOTPCREL and its like. */
const otherOfX86: FilledBytes = { size: 4, isRelative: true, isInstruction: false };
/** Those of the global offset table. */
const otherOfAarch64: FilledBytes = { size: 4, isRelative: false, isInstruction: true };

// Called for each of the many relocations of debugging data, so computed once.
const x86Bytes = bytesByType(x86Rules);
const aarch64Bytes = bytesByType(aarch64Rules);

function bytesByType(rules: ReadonlyMap<number, RelocationRule>): ReadonlyMap<number, FilledBytes> {
  return new Map([...rules].map(([type, rule]) => [type, filledBy(rule)]));
}

function filledBy({ value, field }: RelocationRule): FilledBytes {
  const isInstruction = field.kind !== "data" && field.kind !== "nothing";
  return {
    size: sizeOfField(field),
    isRelative: !isInstruction && value !== "S+A",
    isInstruction,
  };
}

/** The assembler uses either of them for the same purpose. */
export function meansTheSame(machine: number, left: number, right: number): boolean {
  if (left === right) return true;
  if (findArchitecture(machine) !== "x86_64") return false;
  const { R_X86_64_PC32, R_X86_64_PLT32 } = X86Relocation;
  const direct: readonly number[] = [R_X86_64_PC32, R_X86_64_PLT32];
  return direct.includes(left) && direct.includes(right);
}
