// The NOPs that Xen writes over code: ABI reference §5.2. On x86 there are two families; which one
// a host uses depends on its CPU, so without a profile of it the bytes are unknown.

import { parseHex } from "../bytes/hex.ts";
import type { Architecture } from "../isa/architecture.ts";
import { compareReleases, type Release } from "../xen-abi/release.ts";

/** `long`: the 0f 1f forms; `prefixed`: 90 after 66. */
export type NopFamily = "long" | "prefixed";

/** By length, from 1. */
const forms: Readonly<Record<NopFamily, readonly string[]>> = {
  long: [
    "90",
    "6690",
    "0f1f00",
    "0f1f4000",
    "0f1f440000",
    "660f1f440000",
    "0f1f8000000000",
    "0f1f840000000000",
    "660f1f840000000000",
  ],
  prefixed: [
    "90",
    "6690",
    "666690",
    "66666690",
    "6666906690",
    "666690666690",
    "66666690666690",
    "6666669066666690",
    "666690666690666690",
  ],
};

const NINE_BYTES_SINCE = { major: 4, minor: 11, point: 0 } as const;

export function nops(release: Release, family: NopFamily, length: number): Uint8Array {
  const longest = compareReleases(release, NINE_BYTES_SINCE) >= 0 ? 9 : 8;
  const parts: string[] = [];
  for (let rest = length; rest > 0; rest -= longest) {
    parts.push(forms[family][Math.min(rest, longest) - 1] ?? "");
  }
  return parseHex(parts.join(""));
}

/** Those that are the same on every CPU: words of `nop` on Arm, one or two bytes on x86. */
export function fixedNops(architecture: Architecture, length: number): Uint8Array | undefined {
  if (architecture === "aarch64") return parseHex("1f2003d5".repeat(length / 4));
  const form = forms.long[length - 1];
  return form !== undefined && form === forms.prefixed[length - 1] ? parseHex(form) : undefined;
}
