// The result of a tiny function of the hypervisor, found by reading its code: functions that return a
// constant or the address of a constant. This is how the release of a xen-syms is found, and
// how the model shows the effect of a payload that replaces one of them. Not an emulator: anything else
// is undefined.

import { type Architecture, machineOfArchitecture } from "../isa/architecture.ts";
import { ENDBR64_SIZE, startsWithEndbr64 } from "../isa/endbr64.ts";
import { decodeJump, JUMP_SIZE } from "../isa/jump.ts";
import { aarch64ConstantResult } from "./constant-function-aarch64.ts";
import type { ReadBytes } from "./read-bytes.ts";

/** Far more than such a function has, including jumps. */
const STEPS_MAX = 16;
const TEXT_SIZE_MAX = 256;
const RET = 0xc3;
const PUSH_RBP = 0x55;
const POP_RBP = 0x5d;
/** Of those that are known here, in bytes. */
const INSTRUCTION_SIZE_MAX = 7;

/** The number or the address that a function returns. */
export function constantResult(
  read: ReadBytes,
  entry: bigint,
  architecture: Architecture,
): bigint | undefined {
  return architecture === "x86_64"
    ? x86ConstantResult(read, entry)
    : aarch64ConstantResult(read, entry);
}

/** `mov $n, %eax`, `xor %eax, %eax`, `lea n(%rip), %rax`, and a return, after jumps. */
function x86ConstantResult(read: ReadBytes, entry: bigint): bigint | undefined {
  let at = entry;
  for (let step = 0; step < STEPS_MAX; step++) {
    const code = read(at, INSTRUCTION_SIZE_MAX);
    if (code === undefined) return undefined;
    const view = new DataView(code.buffer, code.byteOffset, code.length);
    const jump = decodeJump(machineOfArchitecture.x86_64, at, code);
    if (startsWithEndbr64(code)) at += BigInt(ENDBR64_SIZE);
    else if (jump !== undefined) at = jump;
    else if (frameSize(code) > 0) at += BigInt(frameSize(code));
    else if (code[0] === 0xb8) return endsAt(read, at + 5n, BigInt(view.getUint32(1, true)));
    else if (code[0] === 0x31 && code[1] === 0xc0) return endsAt(read, at + 2n, 0n);
    else if (code[0] === 0x48 && code[1] === 0x8d && code[2] === 0x05) {
      return endsAt(read, at + 7n, at + 7n + BigInt(view.getInt32(3, true)));
    } else return undefined;
  }
  return undefined;
}

/** The text whose address a function returns. */
export function constantText(
  read: ReadBytes,
  entry: bigint,
  architecture: Architecture,
): string | undefined {
  const address = constantResult(read, entry, architecture);
  if (address === undefined) return undefined;
  for (let length = 0; length < TEXT_SIZE_MAX; length++) {
    const byte = read(address + BigInt(length), 1);
    if (byte === undefined) return undefined;
    if (byte[0] === 0) return Buffer.from(read(address, length) ?? []).toString("utf8");
  }
  return undefined;
}

/** Of an instruction that keeps a frame pointer, as debug builds do: push, mov %rsp, %rbp, pop; else 0. */
function frameSize(code: ArrayLike<number>): number {
  if (code[0] === PUSH_RBP || code[0] === POP_RBP) return 1;
  return code[0] === 0x48 && code[1] === 0x89 && code[2] === 0xe5 ? 3 : 0;
}

/** `value`, if the function ends there: by a return, or a jump to the return thunk. */
function endsAt(read: ReadBytes, from: bigint, value: bigint): bigint | undefined {
  let at = from;
  for (let size = 1; size > 0; at += BigInt(size)) size = frameSize(read(at, 3) ?? []);
  if (read(at, 1)?.[0] === RET) return value;
  const code = read(at, JUMP_SIZE.x86_64);
  const jumps =
    code !== undefined && decodeJump(machineOfArchitecture.x86_64, at, code) !== undefined;
  return jumps ? value : undefined;
}
