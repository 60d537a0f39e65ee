// The hypervisor's own code for comparison with that of a payload: the part of a xen-syms file that
// this needs. The caller that has opened such a file implements it.

import type { ListedInstruction } from "../diff/listing.ts";
import { XspliceError } from "../error.ts";
import { disassemble } from "../isa/disassemble.ts";
import { nameOperand } from "../isa/name-operand.ts";

export interface RunningCode {
  /** e_machine */
  readonly machine: number;
  /** By the name of Xen's own table. */
  readonly find: (name: string) => { readonly address: bigint; readonly size: number } | undefined;
  /** The bytes in the file. @throws ElfError when there are none */
  readonly bytesAt: (address: bigint, size: number) => Uint8Array;
  /** `printk`, `printk+0x10`; `undefined` where there is no symbol. */
  readonly nameAt: (address: bigint) => string | undefined;
}

export type RunningListing =
  | { readonly kind: "listed"; readonly instructions: readonly ListedInstruction[] }
  | { readonly kind: "missing"; readonly reason: string };

/** A function of the hypervisor, with names where a payload's listing has them. */
export function listRunning(running: RunningCode, name: string): RunningListing {
  const found = running.find(name);
  if (found === undefined) {
    return { kind: "missing", reason: `the hypervisor has no function "${name}"` };
  }
  const { address, size } = found;
  const bytes = tryBytes(running, address, size);
  if (bytes === undefined) {
    return { kind: "missing", reason: `the hypervisor's file has no code of "${name}"` };
  }
  const resolveName = (target: bigint): string | undefined => {
    const inside = target - address;
    if (inside >= 0n && inside < BigInt(size)) return `+0x${inside.toString(16)}`;
    return running.nameAt(target) ?? textAt(running, target);
  };
  const lines = disassemble(running.machine, bytes, { address, resolveName });
  return {
    kind: "listed",
    instructions: lines.map(({ address: at, bytes: own, text }) => ({
      offset: Number(at - address),
      bytes: own,
      text: nameOperand(text),
    })),
  };
}

/** Of a literal that is taken for one, in characters. */
const TEXT_MAX = 60;
const TEXT_READ_MAX = 512;

/** A literal has no symbol; what reads like one is one. */
function textAt(running: RunningCode, address: bigint): string | undefined {
  let bytes: Uint8Array | undefined;
  for (let size = TEXT_READ_MAX; bytes === undefined && size >= 8; size /= 2) {
    bytes = tryBytes(running, address, size);
  }
  const end = bytes?.indexOf(0) ?? -1;
  if (bytes === undefined || end < 1) return undefined;
  const text = Buffer.from(bytes.subarray(0, end)).toString("latin1");
  if (/[^\t\n\x20-\x7e]/.test(text)) return undefined;
  return JSON.stringify(text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX - 3)}...` : text);
}

function tryBytes(running: RunningCode, address: bigint, size: number): Uint8Array | undefined {
  try {
    return running.bytesAt(address, size);
  } catch (error) {
    if (error instanceof XspliceError) return undefined;
    throw error;
  }
}
