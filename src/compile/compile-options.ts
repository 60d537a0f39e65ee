// What `xsplice compile` is asked for.

import type { GuardLevel, PayloadMode } from "../payload/metadata-keys.ts";
import type { NamePair } from "../running/match-functions.ts";
import type { Foundation } from "../running/payload-below.ts";
import type { XenSyms } from "../running/xen-syms.ts";
import type { Release } from "../xen-abi/release.ts";

export interface CompileOptions {
  /** C files that make one payload together. */
  readonly sources: readonly string[];
  readonly xen: XenSyms;
  /** Functions to replace by ones of another name. */
  readonly replace: readonly NamePair[];
  /** gcc or clang; the machine's usual one for the hypervisor's architecture if undefined. */
  readonly compiler: string | undefined;
  readonly extraFlags: readonly string[];
  /** What xen-syms does not tell, or what is to hold instead. */
  readonly release: Release | undefined;
  /** What the payload is to lie on. */
  readonly foundation: Foundation;
  readonly mode: PayloadMode;
  /** How much of the code that it replaces the payload carries, for Xen to compare; all of it, where
   * the release compares, if undefined. */
  readonly guard: GuardLevel | undefined;
  readonly metadata: readonly (readonly [key: string, value: string])[];
  /** Stops the compiler; nothing is left behind. */
  readonly signal?: AbortSignal;
}
