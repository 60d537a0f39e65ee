// `.modinfo`: consecutive NUL-terminated strings, by convention `key=value`: ABI reference §1.7. Xen
// returns them in LIST without interpreting them.

import { invariant } from "../invariant.ts";

export function encodeModinfo(strings: readonly string[]): Uint8Array {
  for (const text of strings) invariant(!text.includes("\0"), "a NUL inside a metadata string");
  return new TextEncoder().encode(strings.map((text) => `${text}\0`).join(""));
}

/** Includes a last string without its NUL, which Xen refuses. */
export function decodeModinfo(bytes: Uint8Array): string[] {
  const strings = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes).split("\0");
  if (strings.at(-1) === "") strings.pop();
  return strings;
}
