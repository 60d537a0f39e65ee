// A function's instructions as lines of text, with the names of their targets instead of the zeroes
// that a relocation will fill in.

import { disassemble } from "../isa/disassemble.ts";
import { nameOperand } from "../isa/name-operand.ts";
import type { Atom } from "./atom.ts";
import { describeTarget } from "./meaning.ts";

export interface ListedInstruction {
  /** Into the function, in bytes. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** `cmp $4,%eax`, `call do_softirq`, `jne +0x40` */
  readonly text: string;
}

/** Undefined for sections without contents. Without those that end at `from` or before it. */
export function listInstructions(
  atom: Atom,
  machine: number,
  from = 0,
): readonly ListedInstruction[] | undefined {
  if (atom.bytes === undefined) return undefined;
  const names = new Map(
    atom.references.map(({ offset, target }) => [offset, describeTarget(target)]),
  );
  const lines = disassemble(machine, atom.bytes, {
    address: 0n,
    from,
    resolveName: (target, fieldOffset) => names.get(fieldOffset) ?? insideName(atom, target),
    resolveRelocation: (fieldOffset) => names.get(fieldOffset),
  });
  return lines.map(({ address, bytes, text }) => ({
    offset: Number(address),
    bytes,
    text: nameOperand(text),
  }));
}

function insideName(atom: Atom, target: bigint): string | undefined {
  return target >= 0n && target < BigInt(atom.size) ? `+0x${target.toString(16)}` : undefined;
}
