// The options of `xsplice compile`.

import type { NamePair } from "../running/match-functions.ts";
import type { XenSyms } from "../running/xen-syms.ts";
import type { StackingWish } from "../stacking/decide.ts";
import type { Release } from "../xen-abi/release.ts";

export interface CompileOptions {
  readonly inputs: CompileInputs;
  readonly target: CompileTarget;
  /** What the payload is stacked on, and how it is combined with others. */
  readonly stacking: StackingWish;
  readonly compiler: CompilerWish;
  readonly metadata: readonly (readonly [key: string, value: string])[];
  /** Aborts the compiler; nothing is left behind. */
  readonly signal?: AbortSignal | undefined;
}

export interface CompileInputs {
  /** C files that form one payload. */
  readonly sources: readonly string[];
  /** Functions to replace by ones of another name. */
  readonly replace: readonly NamePair[];
}

export interface CompileTarget {
  readonly xen: XenSyms;
  /** Facts that xen-syms lacks, or that override it. */
  readonly release: Release | undefined;
}

export interface CompilerWish {
  /** gcc or clang; by default the machine's usual one for the hypervisor's architecture. */
  readonly command: string | undefined;
  /** The PATH on which the usual one is, where it is another than that of this process. */
  readonly path?: string | undefined;
  readonly extraFlags: readonly string[];
}
