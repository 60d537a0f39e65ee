// The first argument of a call, where it is a constant that the code puts into edi just before. For calls
// that say a size.

import { decodeRegisterSteps, type RegisterStep } from "./x86-register-steps.ts";
import { registerSet } from "./x86-registers.ts";

const FIRST_ARGUMENT = registerSet("rdi");
/** mov $constant,%edi */
const MOV_TO_EDI = 0xbf;
const MOV_SIZE = 5;
/** xor %edi,%edi, as compilers write a zero. */
const XOR_EDI = [0x31, 0xff] as const;

/**
 * Undefined where it is no constant, or where a jump leads between the constant and the call.
 * @param call the offset of the call's distance field
 */
export function constantArgument(code: Uint8Array, call: number): number | undefined {
  const steps = stepsOf(code);
  const targets = new Set([...steps.values()].flatMap(({ branch }) => branch?.target ?? []));
  let value: number | undefined;
  for (const [at, { length, mayChange, flow, branch }] of steps) {
    if (targets.has(at)) value = undefined;
    if (branch?.fieldOffset === call) return value;
    const isMove = code[at] === MOV_TO_EDI && length === MOV_SIZE;
    const isZero =
      length === XOR_EDI.length && XOR_EDI.every((byte, index) => code[at + index] === byte);
    if (isMove) value = new DataView(code.buffer, code.byteOffset + at + 1, 4).getUint32(0, true);
    else if (isZero) value = 0;
    else if ((mayChange & FIRST_ARGUMENT) !== 0 || (flow !== "next" && flow !== "branch")) {
      value = undefined;
    }
  }
  return undefined;
}

/** By offset, up to the first bytes that are no instruction. */
function stepsOf(code: Uint8Array): ReadonlyMap<number, RegisterStep> {
  const found = new Map<number, RegisterStep>();
  let known: ReadonlyMap<number, RegisterStep> = new Map();
  for (let at = 0; at < code.length; ) {
    if (!known.has(at)) known = decodeRegisterSteps(code, at);
    const step = known.get(at);
    if (step === undefined || step.length === 0) break;
    found.set(at, step);
    at += step.length;
  }
  return found;
}
