// The rule "line-number" for code: two functions differ only in constants, and each of them is the
// number of a source line on both sides. Only the caller, who knows how the patch moved the lines, can
// decide this; without the caller's answer every constant counts as a change.

import { Machine } from "../elf/constants.ts";
import { findInstructions } from "../isa/x86-instructions.ts";
import type { Atom } from "./atom.ts";
import { requireDefined } from "./require-defined.ts";
import { withoutFields } from "./same-bytes.ts";

/**
 * Whether the patch moved line `before` of the file to `after`, and code of `functionName` could
 * contain it (__LINE__). A constant that the fix changed on purpose may look the same: return true only
 * for lines of the function itself.
 */
export type IsSameLine = (before: number, after: number, functionName: string) => boolean;

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
  for (const { immediate, offset } of findInstructions(right) ?? []) {
    if (immediate === undefined || immediate.size < 2) continue;
    const { start, size } = immediate;
    const values = { before: unsigned(left, start, size), after: unsigned(right, start, size) };
    if (values.before === values.after) continue;
    if (!isSameLine(values.before, values.after, after.name)) return undefined;
    constants.push({ offset, ...values });
    unexplained.fill(0, start, start + size);
  }
  const isExplained = constants.length > 0 && unexplained.every((byte) => byte === 0);
  return isExplained ? constants : undefined;
}

function unsigned(bytes: Uint8Array, start: number, size: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (size === 2) return view.getUint16(start, true);
  return size === 4 ? view.getUint32(start, true) : Number(view.getBigUint64(start, true));
}
