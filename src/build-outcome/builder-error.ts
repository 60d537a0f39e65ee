// What goes wrong between a C file and a payload, as far as the author of the C file can mend it.

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
  /** A function of Xen that cannot be patched: too small, gone after boot, not there. */
  | "builder/unpatchable"
  /** Callers go on with registers that the old function leaves alone, and the new one does not. */
  | "builder/caller-relies"
  /** A name that stands for several things in Xen. */
  | "builder/ambiguous"
  /** Symbols that neither Xen nor the source has. */
  | "builder/unknown-symbol"
  /** The source defines nothing that Xen would run. */
  | "builder/nothing-to-do"
  /** Payloads to be stacked on that are for another hypervisor, or not one on the other. */
  | "builder/wrong-stack"
  /** Options that contradict each other or the source. */
  | "builder/bad-option"
  /** The payload cannot be written to its file. */
  | "builder/cannot-write";

export class BuilderError extends XspliceError<BuilderErrorCode> {}
