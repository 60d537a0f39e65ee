// A keeper: a few instructions that save registers, call a function, restore them and return. For code
// that expects a function to leave registers alone which its present body changes. What the function
// takes and gives in registers passes through; arguments on the stack would not be found where they
// are, and flags are lost.
//
//   endbr64             where the function itself begins with it
//   push %rbp           a frame, so that backtraces by frame pointers miss nobody
//   mov %rsp,%rbp
//   push …              an even number of times: the callee finds the stack aligned as its caller left it
//   call function
//   pop …
//   pop %rbp
//   ret                 or a jump to the hypervisor's return thunk
//   int3                so that no CPU runs on speculatively

import { ENDBR64, startsWithEndbr64 } from "./endbr64.ts";
import { X86_CALL_OPCODE, X86_JUMP_OPCODE } from "./jump.ts";
import { type CallClobbered, callClobbered, numberOfRegister } from "./x86-registers.ts";

export interface KeeperShape {
  readonly landing: "endbr64" | "none";
  /** At least one; each is restored before the keeper returns. */
  readonly registers: readonly CallClobbered[];
  readonly returns: "ret" | "thunk";
}

export interface KeeperCode {
  readonly bytes: Uint8Array;
  /** Offset of the 4 bytes with the function's distance, from the start. */
  readonly callField: number;
  /** Offset of those with the return thunk's distance; none for a plain return. */
  readonly returnField: number | undefined;
}

const PUSH_RBP = [0x55];
const MOV_RSP_RBP = [0x48, 0x89, 0xe5];
const POP_RBP = [0x5d];
const DISTANCE = [0, 0, 0, 0];
const RET = 0xc3;
const INT3 = 0xcc;
const PUSH = 0x50;
const POP = 0x58;
const REX_B = 0x41;

export function encodeKeeper({ landing, registers, returns }: KeeperShape): KeeperCode {
  const saved = alignedSaves(registers);
  const start = [
    ...(landing === "endbr64" ? ENDBR64 : []),
    ...PUSH_RBP,
    ...MOV_RSP_RBP,
    ...saved.flatMap((name) => onRegister(PUSH, name)),
  ];
  const middle = [
    ...[X86_CALL_OPCODE, ...DISTANCE],
    ...saved.toReversed().flatMap((name) => onRegister(POP, name)),
    ...POP_RBP,
  ];
  const end = [...(returns === "ret" ? [RET] : [X86_JUMP_OPCODE, ...DISTANCE]), INT3];
  const returnField = returns === "ret" ? undefined : start.length + middle.length + 1;
  const bytes = Uint8Array.from([...start, ...middle, ...end]);
  return { bytes, callField: start.length + 1, returnField };
}

export interface FoundKeeper extends KeeperShape, KeeperCode {
  /**
   * The start of the called function, as an offset from the keeper's start; `undefined` when it is
   * outside.
   */
  readonly callee: number | undefined;
}

/** The keeper at the start of the bytes; `undefined` when there is none. */
export function decodeKeeper(bytes: Uint8Array): FoundKeeper | undefined {
  const landing = startsWithEndbr64(bytes) ? "endbr64" : "none";
  const frame = (landing === "endbr64" ? ENDBR64.length : 0) + PUSH_RBP.length;
  const pushes = readPushes(bytes, frame + MOV_RSP_RBP.length);
  const registers = [...new Set(pushes)];
  if (registers.length === 0) return undefined;
  for (const returns of ["ret", "thunk"] as const) {
    const shape: KeeperShape = { landing, registers, returns };
    const code = encodeKeeper(shape);
    if (!isSameBesidesFields(bytes, code)) continue;
    const callee = code.callField + DISTANCE.length + distanceAt(bytes, code.callField);
    const isBehind = callee >= code.bytes.length && callee < bytes.length;
    return {
      ...shape,
      ...code,
      bytes: bytes.subarray(0, code.bytes.length),
      callee: isBehind ? callee : undefined,
    };
  }
  return undefined;
}

function distanceAt(bytes: Uint8Array, field: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getInt32(field, true);
}

/** Pushes the last register once more if their number is odd. */
function alignedSaves(registers: readonly CallClobbered[]): readonly CallClobbered[] {
  return registers.length % 2 === 0 ? registers : [...registers, ...registers.slice(-1)];
}

function onRegister(opcode: number, name: CallClobbered): readonly number[] {
  const number = numberOfRegister(name);
  return [...(number >= 8 ? [REX_B] : []), opcode | (number & 7)];
}

function readPushes(bytes: Uint8Array, start: number): readonly CallClobbered[] {
  const found: CallClobbered[] = [];
  for (let at = start; ; ) {
    const name = callClobbered.find((one) =>
      onRegister(PUSH, one).every((byte, index) => bytes[at + index] === byte),
    );
    if (name === undefined) return found;
    found.push(name);
    at += onRegister(PUSH, name).length;
  }
}

function isSameBesidesFields(found: Uint8Array, code: KeeperCode): boolean {
  const { bytes, callField, returnField = -DISTANCE.length } = code;
  const isField = (at: number) =>
    (callField <= at && at < callField + DISTANCE.length) ||
    (returnField <= at && at < returnField + DISTANCE.length);
  return (
    found.length >= bytes.length && bytes.every((byte, at) => isField(at) || found[at] === byte)
  );
}
