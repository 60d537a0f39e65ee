// The rule "line-number" for code: two functions differ only in constants, and each of them is the
// number of a source line on both sides. Only the caller, who knows how the patch moved the lines, can
// decide this; without the caller's answer every constant counts as a change.

import { Machine } from "../elf/constants.ts";
import type { X86Instruction } from "../isa/x86-instructions.ts";
import { findInstructions } from "../isa/x86-references.ts";
import type { Atom, Reference } from "./atom.ts";
import { textAt } from "./meaning.ts";
import { requireDefined } from "./require-defined.ts";
import { withoutFields } from "./same-bytes.ts";

/** What a constant is for, as far as the code around it shows that. */
export interface ConstantUse {
  /** The function that is called next, without a jump in between. */
  readonly callee: string | undefined;
  /** String literals that the code up to there refers to, from the jump or call before on. */
  readonly texts: readonly string[];
}

/**
 * Whether the patch moved line `before` of the file to `after`, and code of `functionName` could
 * contain it (__LINE__). A constant that the fix changed on purpose may look the same: return true only
 * for lines of the function itself, or for constants that are a line number by their use.
 */
export type IsSameLine = (
  before: number,
  after: number,
  functionName: string,
  use?: ConstantUse,
) => boolean;

export interface LineConstant {
  /** Of the instruction, into the function. */
  readonly offset: number;
  readonly before: number;
  readonly after: number;
}

/** The constants, if they explain every differing byte; undefined when something else differs. */
export function findLineConstants(
  before: Atom,
  after: Atom,
  machine: number,
  isSameLine: IsSameLine,
): readonly LineConstant[] | undefined {
  const [left, right] = [withoutFields(before), withoutFields(after)];
  if (machine !== Machine.EM_X86_64 || left === undefined || right === undefined) return undefined;
  if (left.length !== right.length) return undefined;
  const unexplained = right.map((byte, index) => byte ^ requireDefined(left[index]));
  const constants: LineConstant[] = [];
  const instructions = findInstructions(right) ?? [];
  for (const [index, { immediate, offset }] of instructions.entries()) {
    if (immediate === undefined || immediate.size < 2) continue;
    const { start, size } = immediate;
    const values = { before: unsigned(left, start, size), after: unsigned(right, start, size) };
    if (values.before === values.after) continue;
    const use = useOfConstant(instructions, index, after);
    if (!isSameLine(values.before, values.after, after.name, use)) return undefined;
    constants.push({ offset, ...values });
    unexplained.fill(0, start, start + size);
  }
  const isExplained = constants.length > 0 && unexplained.every((byte) => byte === 0);
  return isExplained ? constants : undefined;
}

function useOfConstant(
  instructions: readonly X86Instruction[],
  index: number,
  { references }: Atom,
): ConstantUse {
  const start = instructions.findLastIndex((one, at) => at < index && isBranch(one)) + 1;
  const end = instructions.findIndex((one, at) => at > index && isBranch(one));
  const branch = instructions[end]?.reference;
  const [from, to] = [instructions[start]?.offset ?? 0, instructions[end]?.offset ?? 0];
  return {
    // A jump to another function is a call at the end of this one.
    callee: nameOf(references.find(({ offset }) => offset === branch?.fieldOffset)),
    texts: references
      .filter(({ offset }) => offset >= from && offset < to)
      .flatMap(({ target }) => textAt(target) ?? []),
  };
}

function isBranch({ reference, flow }: X86Instruction): boolean {
  return flow !== "next" || (reference !== undefined && reference.kind !== "operand");
}

function nameOf(reference: Reference | undefined): string | undefined {
  const target = reference?.target;
  if (target?.kind === "external") return target.symbol.name;
  return target?.kind === "atom" && target.offset === 0 ? target.atom.name : undefined;
}

function unsigned(bytes: Uint8Array, start: number, size: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (size === 2) return view.getUint16(start, true);
  return size === 4 ? view.getUint32(start, true) : Number(view.getBigUint64(start, true));
}
