// Machine code as the tour shows it: address, bytes, instruction, and what it refers to.

import { toHex } from "../../bytes/hex.ts";
import { Machine } from "../../elf/constants.ts";
import type { AssemblyLine } from "../../isa/assembly-line.ts";
import { disassemble } from "../../isa/disassemble.ts";
import { decodeJump, jumpOffsetAt } from "../../isa/jump.ts";
import type { Lab } from "../../lab/lab.ts";

/** Columns of the longest instruction that the tour is likely to show. */
const BYTE_COLUMNS = 21;
/** Enough of a text to recognize it. */
const TEXT_BYTES = 24;

export interface CodePlace {
  readonly address: bigint;
  readonly bytes: Uint8Array;
}

/** The instructions of `bytes`, up to the one that leaves the function. */
export async function codeLines(
  lab: Lab,
  names: ReadonlyMap<bigint, string>,
  { address, bytes }: CodePlace,
): Promise<readonly string[]> {
  const targets = new Set<bigint>();
  untilLeaving({ address, bytes }, (target) => {
    targets.add(target);
    return undefined;
  });
  const meanings = new Map<bigint, string>();
  for (const target of targets) {
    const meaning = names.get(target) ?? (await textAt(lab, target));
    if (meaning !== undefined) meanings.set(target, meaning);
  }
  return untilLeaving({ address, bytes }, (target) => meanings.get(target)).map(
    (line) => `${line.address.toString(16)}  ${spaced(line.bytes)}  ${nameOnly(line.text)}`,
  );
}

/** Where the jump leads that Xen wrote at the start of a function; `undefined` without one. */
export function jumpTarget(bytes: Uint8Array, address: bigint): bigint | undefined {
  const skipped = jumpOffsetAt(Machine.EM_X86_64, bytes);
  return decodeJump(Machine.EM_X86_64, address + BigInt(skipped), bytes.subarray(skipped));
}

export function differingBytes(before: Uint8Array, after: Uint8Array): number {
  return before.filter((byte, index) => byte !== after[index]).length;
}

function untilLeaving(
  { address, bytes }: CodePlace,
  resolveName: (target: bigint) => string | undefined,
): readonly AssemblyLine[] {
  const lines = disassemble(Machine.EM_X86_64, bytes, { address, resolveName });
  const end = lines.findIndex(({ text }) => /^(ret|jmp)/.test(text));
  return lines.slice(0, end < 0 ? lines.length : end + 1);
}

/** The C string in the hypervisor's memory, in quotes, when there is one. */
async function textAt(lab: Lab, address: bigint): Promise<string | undefined> {
  const bytes = await lab.readHypervisor(address, TEXT_BYTES).catch(() => new Uint8Array());
  const [, text] = /^([\x20-\x7e]+)\0/.exec(Buffer.from(bytes).toString("latin1")) ?? [];
  return text === undefined ? undefined : JSON.stringify(text);
}

function spaced(bytes: Uint8Array): string {
  return (toHex(bytes).match(/../g) ?? []).join(" ").padEnd(BYTE_COLUMNS);
}

/** A name says more than the address that it stands after. */
function nameOnly(text: string): string {
  return text.replace(/0x[0-9a-f]+ <(.+)>$/, "$1");
}
