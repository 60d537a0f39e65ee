// Converts between bytes and hexadecimal text, in the one form that xSplice prints: lower case, no
// separators.

import { XspliceError } from "../error.ts";

export class HexError extends XspliceError<"bytes/not-hex"> {}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

/** @throws HexError unless `text` is an even number of hexadecimal digits */
export function parseHex(text: string): Uint8Array {
  const wrong = text.search(/[^0-9a-fA-F]/);
  if (wrong >= 0) {
    throw new HexError({
      code: "bytes/not-hex",
      problem: `Cannot read "${text}" as bytes: "${text.charAt(wrong)}" is not a hexadecimal digit`,
      where: `character ${wrong + 1}`,
      expected: "digits 0-9 and a-f only",
    });
  }
  if (text.length % 2 !== 0) {
    throw new HexError({
      code: "bytes/not-hex",
      problem: `Cannot read "${text}" as bytes: ${text.length} digits leave half a byte over`,
      expected: "an even number of hexadecimal digits",
    });
  }
  return new Uint8Array(Buffer.from(text, "hex"));
}

/** Formats an address, offset or flag word for messages: `0xffff82d040200000`. */
export function hexNumber(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}
