// The instructions that compilers use most, decoded without the library: objects have hundreds of
// thousands of instructions, and each question to WebAssembly costs more than all of this. It knows
// lengths and distances only, and only of encodings that leave no doubt (x86-common-forms.ts); at
// anything else it gives up, and the library decides.

import {
  exactModRMs,
  Form,
  type Group,
  oneByteForms,
  oneByteGroups,
  twoByteForms,
  twoByteGroups,
} from "./x86-common-forms.ts";
import type { X86Instruction, X86Reference } from "./x86-instructions.ts";

/** As findReferences() gives them; undefined when an instruction is not among the common ones. */
export function findCommonReferences(bytes: Uint8Array): readonly X86Reference[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: X86Reference[] = [];
  const step = newStep();
  for (let offset = 0; offset < bytes.length; offset += step.length) {
    if (!decode(bytes, offset, step)) return undefined;
    if (step.fieldSize === 0) continue;
    const { length, isLea } = step;
    const reference = referenceOf(view, offset, step);
    found.push({ offset, length, reference, takesAddress: isLea });
  }
  return found;
}

/** As findInstructions() gives them; undefined when one of them is not among the common ones. */
export function findCommonInstructions(bytes: Uint8Array): readonly X86Instruction[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: X86Instruction[] = [];
  const step = newStep();
  for (let offset = 0; offset < bytes.length; offset += step.length) {
    if (!decode(bytes, offset, step)) return undefined;
    const { length, fieldSize, immediateSize: size, isLea, flow } = step;
    const reference = fieldSize === 0 ? undefined : referenceOf(view, offset, step);
    const immediate = size === 0 ? undefined : { start: offset + length - size, size };
    found.push({ offset, length, reference, takesAddress: isLea, immediate, flow });
  }
  return found;
}

/** Filled in for one instruction after the other. Offsets count from the instruction's start. */
interface Step {
  length: number;
  /** Of the distance; `fieldSize` is 0 where there is none. */
  fieldStart: number;
  fieldSize: number;
  /** At the end of the instruction; 0 where there is none. */
  immediateSize: number;
  kind: X86Reference["reference"]["kind"];
  isLea: boolean;
  flow: X86Instruction["flow"];
}

function newStep(): Step {
  return {
    length: 0,
    fieldStart: 0,
    fieldSize: 0,
    immediateSize: 0,
    kind: "operand",
    isLea: false,
    flow: "next",
  };
}

function referenceOf(view: DataView, offset: number, step: Step): X86Reference["reference"] {
  const { length, fieldStart, fieldSize, kind } = step;
  const fieldOffset = offset + fieldStart;
  const distance = fieldSize === 1 ? view.getInt8(fieldOffset) : view.getInt32(fieldOffset, true);
  const target = BigInt.asUintN(64, BigInt(offset + length + distance));
  return { kind, target, fieldStart, fieldSize, fieldOffset };
}

const LENGTH_MAX = 15;

/** Whether the instruction is a common one. */
function decode(bytes: Uint8Array, start: number, step: Step): boolean {
  const prefixes = prefixesAt(bytes, start);
  if (prefixes < 0) return false;
  const hasSize = (prefixes & Prefix.size) !== 0;
  const hasLock = (prefixes & Prefix.lock) !== 0;
  const hasRep = (prefixes & (Prefix.f2 | Prefix.f3)) !== 0;
  let at = start + (prefixes & Prefix.count);
  let byte = byteAt(bytes, at++);
  let isWide = false;
  if (byte >= 0x40 && byte <= 0x4f) {
    isWide = (byte & 8) !== 0;
    byte = byteAt(bytes, at++);
  }
  if (byte < 0) return false;
  const isTwoByte = byte === 0x0f;
  if (isTwoByte) byte = byteAt(bytes, at++);
  if (byte < 0) return false;
  const form = (isTwoByte ? twoByteForms : oneByteForms)[byte] ?? 0;
  if (form === 0) return false;
  if (hasRep && (form & (Form.rep | Form.needsF3)) === 0) return false;
  if ((form & Form.needsF3) !== 0 && (prefixes & Prefix.f3) === 0) return false;
  if (hasSize && (isWide || (form & (Form.rel8 | Form.rel32)) !== 0)) return false;
  step.fieldSize = 0;
  step.kind = "operand";
  step.isLea = !isTwoByte && byte === 0x8d;
  step.flow = flowOf(isTwoByte, byte);
  let immediate = form;
  if ((form & Form.modRM) !== 0) {
    const modRM = byteAt(bytes, at++);
    if (modRM < 0) return false;
    const group = (isTwoByte ? twoByteGroups : oneByteGroups)[byte];
    if ((form & Form.exact) !== 0) {
      if (hasSize || hasLock || !(exactModRMs.get(byte)?.includes(modRM) ?? false)) return false;
    } else if (!isKnown({ form, group, modRM, hasSize })) return false;
    if (hasLock && !mayLock(form, group, modRM)) return false;
    if (!isTwoByte && byte === 0xff && operationBit(modRM) === JUMP) step.flow = "end";
    if (group !== undefined && (group.immediateFor & operationBit(modRM)) === 0) immediate = 0;
    if (modRM < 0xc0) {
      const size = memoryOperandSize(bytes, at, modRM);
      if (size < 0) return false;
      // By its distance from the next instruction.
      if ((modRM & 0xc7) === 5) {
        step.fieldStart = at - start;
        step.fieldSize = 4;
      }
      at += size;
    }
  } else if (hasLock) return false;
  if ((form & (Form.rel8 | Form.rel32)) !== 0) {
    step.fieldStart = at - start;
    step.fieldSize = (form & Form.rel8) !== 0 ? 1 : 4;
    step.kind = isTwoByte || byte < 0xe0 ? "conditional-jump" : byte === 0xe8 ? "call" : "jump";
    at += step.fieldSize;
  }
  step.immediateSize = immediateSize(immediate, hasSize, isWide);
  at += step.immediateSize;
  step.length = at - start;
  return at <= bytes.length && step.length <= LENGTH_MAX;
}

const Prefix = { count: 0x0f, size: 0x10, lock: 0x20, f2: 0x40, f3: 0x80 } as const;

/** How many prefixes there are, and which; negative where that leaves a doubt. */
function prefixesAt(bytes: Uint8Array, start: number): number {
  let found = 0;
  for (let count = 0; count < LENGTH_MAX; count++) {
    switch (byteAt(bytes, start + count)) {
      case 0x66:
        found |= Prefix.size;
        break;
      case 0xf0:
        found |= Prefix.lock;
        break;
      case 0xf2:
        if ((found & (Prefix.f2 | Prefix.f3)) !== 0) return -1;
        found |= Prefix.f2;
        break;
      case 0xf3:
        if ((found & (Prefix.f2 | Prefix.f3)) !== 0) return -1;
        found |= Prefix.f3;
        break;
      case 0x2e: // cs, ds: also hints
      case 0x3e:
      case 0x64: // fs, gs
      case 0x65:
        break;
      default:
        return found | count;
    }
  }
  return -1;
}

/** Of opcode 0xff. */
const JUMP = 1 << 4;

function flowOf(isTwoByte: boolean, opcode: number): X86Instruction["flow"] {
  if (isTwoByte) return opcode === 0x0b ? "trap" : "next";
  const isEnd = opcode === 0xc2 || opcode === 0xc3 || opcode === 0xe9 || opcode === 0xeb;
  return isEnd ? "end" : "next";
}

function byteAt(bytes: Uint8Array, offset: number): number {
  return offset < bytes.length ? (bytes[offset] ?? -1) : -1;
}

function immediateSize(form: number, hasSize: boolean, isWide: boolean): number {
  if ((form & Form.imm8) !== 0) return 1;
  if ((form & Form.immZ) !== 0) return hasSize ? 2 : 4;
  if ((form & Form.imm16) !== 0) return 2;
  if ((form & Form.immV) !== 0) return isWide ? 8 : hasSize ? 2 : 4;
  return 0;
}

/** What follows the ModRM byte for an operand in memory, in bytes; negative when the code ends before it. */
function memoryOperandSize(bytes: Uint8Array, at: number, modRM: number): number {
  let base = modRM & 7;
  let size = 0;
  if (base === 4) {
    const sib = byteAt(bytes, at);
    if (sib < 0) return -1;
    base = sib & 7;
    size = 1;
  }
  if (modRM >= 0x80) return size + 4;
  if (modRM >= 0x40) return size + 1;
  return base === 5 ? size + 4 : size;
}

/** The middle bits of the ModRM byte say which operation of a group it is. */
function operationBit(modRM: number): number {
  return 1 << ((modRM >> 3) & 7);
}

interface Operand {
  readonly form: number;
  readonly group: Group | undefined;
  readonly modRM: number;
  readonly hasSize: boolean;
}

function isKnown({ form, group, modRM, hasSize }: Operand): boolean {
  if ((form & Form.memory) !== 0 && modRM >= 0xc0) return false;
  if (group === undefined) return true;
  const operation = operationBit(modRM);
  return (group.known & operation) !== 0 && !(hasSize && (group.noSize & operation) !== 0);
}

function mayLock(form: number, group: Group | undefined, modRM: number): boolean {
  if ((form & Form.lock) === 0 || modRM >= 0xc0) return false;
  return group === undefined || (group.lockable & operationBit(modRM)) !== 0;
}
