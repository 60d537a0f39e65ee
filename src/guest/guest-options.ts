// What a guest is given, and the bounds of it.

import { type ViridianPart, viridianParts } from "../xen-abi/hvm-guest.ts";
import { GuestError } from "./errors.ts";

/** hvm: by hypercalls alone; the others by a toolstack. */
export const guestKinds = ["hvm", "pvh", "pv"] as const;
export type GuestKind = (typeof guestKinds)[number];

export interface GuestOptions {
  /** Whole MiB; 4 by default. */
  readonly memoryMb?: number | undefined;
  /** Parts of the Viridian interface; "base" comes with any of them. */
  readonly viridian?: readonly ViridianPart[] | undefined;
  /** HVM_PARAM_* by number, as in xen/include/public/hvm/params.h. */
  readonly parameters?: readonly (readonly [index: number, value: bigint])[] | undefined;
  /** "hap" by default: nested paging by the processor; "shadow": by Xen. */
  readonly paging?: "hap" | "shadow" | undefined;
  /** Pages behind the others that are only promised (populate on demand). */
  readonly promisedPages?: number | undefined;
}

export const guestMemoryMb = { min: 1, max: 2048 } as const;

/** @throws GuestError guest/bad-argument */
export function requireViridianParts(words: readonly string[]): ViridianPart[] {
  return words.map((word) => {
    if (Object.hasOwn(viridianParts, word)) return word as ViridianPart;
    throw new GuestError({
      code: "guest/bad-argument",
      problem: `Cannot give a guest "${word}" of the Viridian interface: there is no such part`,
      expected: Object.keys(viridianParts).join(", "),
    });
  });
}

/** The value of HVM_PARAM_VIRIDIAN; `undefined` without any part. */
export function viridianValue(parts: readonly ViridianPart[] = []): bigint | undefined {
  if (parts.length === 0) return undefined;
  return BigInt(parts.reduce((value, part) => value | viridianParts[part], viridianParts.base));
}
