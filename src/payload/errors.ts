// How a payload is refused. The codes are shared by errors that are thrown and by findings that
// are collected (finding.ts).

import type { ElfErrorCode } from "../elf/errors.ts";
import { XspliceError } from "../error.ts";

export type PayloadErrorCode =
  /** Over a limit of the hypervisor: file size, name length, number of sections. */
  | "payload/too-large"
  /** No live patch: empty, or a file of another kind. */
  | "payload/not-a-payload"
  /** For another CPU architecture than the hypervisor's. */
  | "payload/machine"
  /** A section that every payload must have is missing. */
  | "payload/missing"
  /** A table that cannot mean anything; Xen refuses it. */
  | "payload/malformed"
  /** Well formed, but beyond what Xen's loader takes. */
  | "payload/unsupported"
  /** Some release of Xen does not see that it is wrong: wrong code runs, or the host crashes. */
  | "payload/trap"
  /** Of no use: Xen does not look at it. */
  | "payload/ignored"
  /** For another build of the hypervisor. */
  | "payload/wrong-hypervisor"
  /** The name or the payload itself is on the host already. */
  | "payload/already-loaded"
  /** The symbol map that travels with a payload cannot be read. */
  | "payload/symbol-map"
  /** The reasons that travel with a payload cannot be read. */
  | "payload/reasons"
  /** What a payload was made from cannot be read, or was changed. */
  | "payload/origin";

/** What the ELF reader found wrong keeps its code. */
export class PayloadError extends XspliceError<PayloadErrorCode | ElfErrorCode> {}
