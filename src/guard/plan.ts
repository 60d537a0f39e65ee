// The input and the result of a guard; guard.ts computes one from the other.

import type { Architecture } from "../isa/architecture.ts";
import type { GuardBytes } from "../payload/emit/input.ts";
import type { Release } from "../xen-abi/release.ts";

/** The part of a `xen-syms` file that guards need; XenSyms of running/ implements it. */
export interface GuardImage {
  /** The name of the file in messages. */
  readonly source: string;
  readonly architecture: Architecture;
  /** By the names of Xen's table. */
  readonly byName: ReadonlyMap<string, { readonly address: bigint }>;
  /** Names with several addresses: Xen could take any of them. */
  readonly ambiguous: ReadonlySet<string>;
  /** @throws ElfError when the file has no such bytes */
  readonly bytesAt: (address: bigint, length: number) => Uint8Array;
}

export interface GuardedFunction {
  /** As spelt in Xen's table. */
  readonly name: string;
  readonly address: bigint;
  readonly sizeBytes: number;
  /**
   * `relied`: not replaced, but its layout or ABI matters, and another payload may replace it. `called`: by
   * code that a compiler made with knowledge of its body, so that another payload must not have replaced it.
   */
  readonly role: "replaced" | "relied" | "called";
  /** `payload`: one below has replaced it, so a jump is at the entry when Xen compares. */
  readonly below: "hypervisor" | "payload";
}

export interface GuardRequest {
  readonly image: GuardImage;
  /** `undefined`: a release with payload version 2. */
  readonly release: Release | undefined;
  readonly functions: readonly GuardedFunction[];
  /** `entry`: only the first bytes of replaced functions, one entry each. */
  readonly level: "full" | "entry";
}

/** Bytes of a function that no guard compares, and why. */
export interface UnguardedRange {
  readonly functionName: string;
  /** Offset from the start of the function, in bytes. */
  readonly offset: number;
  readonly sizeBytes: number;
  readonly reason: UnguardedReason;
}

export type UnguardedReason =
  /** Xen rewrites it at boot for the CPU. */
  | "boot-change"
  /** ENDBR64 at the entry, or equal bytes, at which a guard must not start (ABI §5.2). */
  | "landing-mark"
  /** The distance of the jump to the payload below: different on every load. */
  | "jump-below"
  /** Space of a jump that another payload may have written. */
  | "replaceable-entry"
  /** Beyond the first bytes, with level `entry`. */
  | "not-asked-for"
  /** The function's name is ambiguous, or it has no size. */
  | "no-name";

export interface GuardPlan {
  /** In the order of the functions and their bytes. */
  readonly guards: readonly GuardBytes[];
  readonly unguarded: readonly UnguardedRange[];
}
