// Errors between a C file and a payload that the author of the C file can correct.

import { XspliceError } from "../error.ts";

export type BuilderErrorCode =
  /** No compiler, or one that cannot be run. */
  | "builder/no-compiler"
  /** The compiler refused the source. */
  | "builder/compile-failed"
  /** A file that cannot be read, or no source at all. */
  | "builder/no-source"
  /** The hypervisor's file lacks what a payload needs: symbols, build-id. */
  | "builder/bad-xen-syms"
  /** A function of Xen that cannot be patched: too small, removed after boot, missing. */
  | "builder/unpatchable"
  /** Callers rely on registers that the old function leaves alone, and the new one changes. */
  | "builder/caller-relies"
  /** An ambiguous name in Xen. */
  | "builder/ambiguous"
  /** Symbols that neither Xen nor the source defines. */
  | "builder/unknown-symbol"
  /** The source defines nothing that Xen would run. */
  | "builder/nothing-to-do"
  /** Payloads to be stacked on that are for another hypervisor, or do not fit each other. */
  | "builder/wrong-stack"
  /** Options that contradict each other or the source. */
  | "builder/bad-option"
  /** The payload cannot be written to its file. */
  | "builder/cannot-write";

export class BuilderError extends XspliceError<BuilderErrorCode> {}
