// What a guard is asked for, and what it turned out to be; guard.ts makes the one from the other.

import type { Architecture } from "../isa/architecture.ts";
import type { GuardBytes } from "../payload/emit/input.ts";
import type { Release } from "../xen-abi/release.ts";

/** As much of a `xen-syms` file as guards need; XenSyms of builder/ is one. */
export interface GuardImage {
  /** What the file is called in messages. */
  readonly source: string;
  readonly architecture: Architecture;
  /** By the names of Xen's table. */
  readonly byName: ReadonlyMap<string, { readonly address: bigint }>;
  /** Names that stand for several places: Xen would take any of them. */
  readonly ambiguous: ReadonlySet<string>;
  /** @throws ElfError when the file has no such bytes */
  readonly bytesAt: (address: bigint, length: number) => Uint8Array;
}

export interface GuardedFunction {
  /** As Xen's table spells it. */
  readonly name: string;
  readonly address: bigint;
  readonly sizeBytes: number;
  /** `relied`: not replaced; its layout or ABI matters, and another payload may replace it. */
  readonly role: "replaced" | "relied";
  /** `payload`: one below has replaced it, so a jump stands at the entry when Xen compares. */
  readonly below: "hypervisor" | "payload";
}

export interface GuardRequest {
  readonly image: GuardImage;
  /** `undefined`: one that takes payloads of version 2. */
  readonly release: Release | undefined;
  readonly functions: readonly GuardedFunction[];
  /** `entry`: only the first bytes of what is replaced, one entry each. */
  readonly level: "full" | "entry";
}

/** Bytes of a function that no guard looks at, and why. */
export interface UnguardedRange {
  readonly functionName: string;
  /** From the start of the function, in bytes. */
  readonly offset: number;
  readonly sizeBytes: number;
  readonly reason: UnguardedReason;
}

export type UnguardedReason =
  /** Xen rewrites it at boot, for the CPU that it runs on. */
  | "boot-change"
  /** ENDBR64 at the entry, or bytes like it, which a guard must not start at (ABI §5.2). */
  | "landing-mark"
  /** The distance of the jump to the payload below: different on every load. */
  | "jump-below"
  /** Room of a jump that another payload may have put there. */
  | "replaceable-entry"
  /** Beyond the first bytes, with level `entry`. */
  | "not-asked-for"
  /** Several places have the function's name, or it has no size. */
  | "no-name";

export interface GuardPlan {
  /** In the order of the functions and their bytes. */
  readonly guards: readonly GuardBytes[];
  readonly unguarded: readonly UnguardedRange[];
}
