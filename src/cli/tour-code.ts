// Machine code as the tour shows it: address, bytes, instruction.

import { toHex } from "../bytes/hex.ts";
import { Machine } from "../elf/constants.ts";
import { disassemble } from "../isa/disassemble.ts";

/** Columns of the longest instruction that the tour is likely to show. */
const BYTE_COLUMNS = 24;

/** The instructions of `bytes`, up to the one that leaves the function. */
export function codeLines(
  bytes: Uint8Array,
  address: bigint,
  names: ReadonlyMap<bigint, string>,
): readonly string[] {
  const lines = disassemble(Machine.EM_X86_64, bytes, {
    address,
    resolveName: (target) => names.get(target),
  });
  const end = lines.findIndex(({ text }) => /^(ret|jmp)/.test(text));
  return lines
    .slice(0, end < 0 ? lines.length : end + 1)
    .map((line) => `${line.address.toString(16)}  ${spaced(line.bytes)}  ${line.text}`);
}

function spaced(bytes: Uint8Array): string {
  return (toHex(bytes).match(/../g) ?? []).join(" ").padEnd(BYTE_COLUMNS);
}
