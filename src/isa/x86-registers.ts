// Sets of the x86-64 registers that a called function may change: System V ABI, 3.2.3. A register has
// two cells, its lowest byte and the rest, because code writes and reads single bytes (`sete %al;
// movzbl %al,%eax` does not use the old rax). The arithmetic flags are one more cell. Vector registers
// are not included, because Xen is compiled without them.

import { type Iced, iced } from "./iced.ts";

/** A cell each; the empty set is 0. */
export type RegisterSet = number;

/** In the order of their numbers in instructions; r12 to r15, rbx and rbp survive every call. */
const numbers = { rax: 0, rcx: 1, rdx: 2, rsi: 6, rdi: 7, r8: 8, r9: 9, r10: 10, r11: 11 } as const;
/** A register of x86-64 that a call may change. */
export type CallClobbered = keyof typeof numbers;
export const callClobbered = Object.keys(numbers) as readonly CallClobbered[];

export function numberOfRegister(name: CallClobbered): number {
  return numbers[name];
}

const COUNT = callClobbered.length;
const REST_SHIFT = COUNT;
export const FLAGS: RegisterSet = 1 << (2 * COUNT);

export function registerSet(...names: readonly CallClobbered[]): RegisterSet {
  return names.reduce((set, name) => {
    const low = 1 << callClobbered.indexOf(name);
    return set | low | (low << REST_SHIFT);
  }, 0);
}

export const ALL_CALL_CLOBBERED: RegisterSet = registerSet(...callClobbered) | FLAGS;
/** Registers for a function's arguments. */
export const ARGUMENTS: RegisterSet = registerSet("rdi", "rsi", "rdx", "rcx", "r8", "r9");
/** Registers for its result. */
export const RESULTS: RegisterSet = registerSet("rax", "rdx");

/** Registers with at least one cell in the set. */
export function registersIn(set: RegisterSet): readonly CallClobbered[] {
  return callClobbered.filter((name) => (set & registerSet(name)) !== 0);
}

/** The same as text, including the flags. */
export function namesOfRegisters(set: RegisterSet): readonly string[] {
  const names = registersIn(set);
  return (set & FLAGS) === 0 ? names : [...names, "flags"];
}

/** The registers in the set, one bit each by their number in instructions. */
export function registerBits(set: RegisterSet): number {
  return registersIn(set).reduce((bits, name) => bits | (1 << numbers[name]), 0);
}

/** The cells that an operand of an instruction touches, by its register. */
export interface TouchedCells {
  readonly cells: RegisterSet;
  /** The cells that a write overwrites; for a 16-bit or high-byte register fewer than `cells`. */
  readonly wholly: RegisterSet;
}

const untouched: TouchedCells = { cells: 0, wholly: 0 };
const known = new Map<number, TouchedCells>();

/** By the library's register number; nothing for a register that calls preserve. */
export function cellsOf(register: number): TouchedCells {
  const found = known.get(register);
  if (found !== undefined) return found;
  const made = touchedBy(register, iced());
  known.set(register, made);
  return made;
}

function touchedBy(register: number, { Register, RegisterExt }: Iced): TouchedCells {
  if (!RegisterExt.isGPR(register)) return untouched;
  const number = RegisterExt.number(RegisterExt.fullRegister(register));
  const index = callClobbered.findIndex((name) => numbers[name] === number);
  if (index < 0) return untouched;
  const low = 1 << index;
  const rest = low << REST_SHIFT;
  const { AH, CH, DH, BH } = Register;
  if ([AH, CH, DH, BH].includes(register)) return { cells: rest, wholly: 0 };
  switch (RegisterExt.size(register)) {
    case 1:
      return { cells: low, wholly: low };
    case 2:
      return { cells: low | rest, wholly: low };
    default: // Writing 32 bits clears the upper ones.
      return { cells: low | rest, wholly: low | rest };
  }
}
