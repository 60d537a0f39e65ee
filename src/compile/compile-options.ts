// What `xsplice compile` is asked for.

import type { NamePair } from "../running/match-functions.ts";
import type { XenSyms } from "../running/xen-syms.ts";
import type { StackingWish } from "../stacking/decide.ts";
import type { Release } from "../xen-abi/release.ts";

export interface CompileOptions {
  readonly inputs: CompileInputs;
  readonly target: CompileTarget;
  /** What the payload is to be stacked on, and how it is to stand among others. */
  readonly stacking: StackingWish;
  readonly compiler: CompilerWish;
  readonly metadata: readonly (readonly [key: string, value: string])[];
  /** Stops the compiler; nothing is left behind. */
  readonly signal?: AbortSignal | undefined;
}

export interface CompileInputs {
  /** C files that make one payload together. */
  readonly sources: readonly string[];
  /** Functions to replace by ones of another name. */
  readonly replace: readonly NamePair[];
}

export interface CompileTarget {
  readonly xen: XenSyms;
  /** What xen-syms does not tell, or what is to hold instead. */
  readonly release: Release | undefined;
}

export interface CompilerWish {
  /** gcc or clang; the machine's usual one for the hypervisor's architecture if undefined. */
  readonly command: string | undefined;
  readonly extraFlags: readonly string[];
}
