// AArch64 code as lines of text: capstone's, with addresses as objdump and our x86-64 have them.

import type { AssemblyLine, DisassembleOptions } from "../assembly-line.ts";
import { AARCH64_INSTRUCTION_SIZE } from "./branches.ts";
import { CHUNK_SIZE, decodeAarch64 } from "./capstone.ts";
import { type Aarch64CodeReference, findCodeReferences } from "./code-references.ts";

/** Words that are not an instruction, and what is left over at the end, become lines `.inst`, `(bad)`. */
export function disassembleAarch64(
  bytes: Uint8Array,
  { address, resolveName, resolveRelocation }: DisassembleOptions,
): readonly AssemblyLine[] {
  const size = AARCH64_INSTRUCTION_SIZE;
  const whole = bytes.subarray(0, bytes.length - (bytes.length % size));
  const references = new Map(findCodeReferences(whole, address).map((one) => [one.offset, one]));
  const lines = textsOf(whole, address).map((text, index): AssemblyLine => {
    const offset = index * size;
    const reference = references.get(offset);
    const line = {
      address: BigInt.asUintN(64, address + BigInt(offset)),
      bytes: bytes.subarray(offset, offset + size),
    };
    if (reference === undefined) return { ...line, text };
    const { target } = reference;
    const name = target === undefined ? resolveRelocation?.(offset) : resolveName?.(target, offset);
    return { ...line, text: withName(text, reference, name) };
  });
  if (whole.length === bytes.length) return lines;
  const rest = { address: address + BigInt(whole.length), bytes: bytes.subarray(whole.length) };
  return [...lines, { ...rest, text: "(bad)" }];
}

function textsOf(bytes: Uint8Array, address: bigint): readonly string[] {
  const texts: string[] = [];
  for (let offset = 0; offset < bytes.length; offset = texts.length * AARCH64_INSTRUCTION_SIZE) {
    const chunk = bytes.subarray(offset, offset + CHUNK_SIZE);
    const decoded = decodeAarch64(chunk, BigInt.asUintN(64, address + BigInt(offset)));
    if (decoded.length === 0) texts.push(unknownWord(chunk));
    for (const [mnemonic, operands] of decoded) {
      texts.push(operands === "" ? mnemonic : `${mnemonic} ${operands}`);
    }
  }
  return texts;
}

function unknownWord(bytes: Uint8Array): string {
  const word = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);
  return `.inst 0x${word.toString(16).padStart(8, "0")}`;
}

function withName(text: string, { part }: Aarch64CodeReference, name: string | undefined): string {
  const note = name === undefined ? "" : ` <${part === "low bits" ? `:lo12:${name}` : name}>`;
  // An address is no constant: `bl 0x1234`.
  return part === "low bits" ? text + note : text.replace(/#(?=(0x)?[0-9a-f]+$)/, "") + note;
}
