// Why a payload is refused. Errors that are thrown and findings that are collected (finding.ts) share
// the codes.

import type { ElfErrorCode } from "../elf/errors.ts";
import { XspliceError } from "../error.ts";

export type PayloadErrorCode =
  /** Over a limit of the hypervisor: file size, name length, number of sections. */
  | "payload/too-large"
  /** Not a live patch: empty, or a file of another kind. */
  | "payload/not-a-payload"
  /** For another CPU architecture than the hypervisor's. */
  | "payload/machine"
  /** A section that every payload must have is missing. */
  | "payload/missing"
  /** A table without a valid meaning; Xen refuses it. */
  | "payload/malformed"
  /** Well formed, but more than Xen's loader accepts. */
  | "payload/unsupported"
  /** Some release of Xen does not notice the fault: wrong code runs, or the host crashes. */
  | "payload/trap"
  /** Without effect: Xen ignores it. */
  | "payload/ignored"
  /** For another build of the hypervisor. */
  | "payload/wrong-hypervisor"
  /** The name, or the payload itself, is already on the host. */
  | "payload/already-loaded"
  /** The symbol map in the payload cannot be read. */
  | "payload/symbol-map"
  /** The reasons in the payload cannot be read. */
  | "payload/reasons"
  /** The payload's origin cannot be read, or was changed. */
  | "payload/origin"
  /** A payload of xSplice whose build-id is not that of its bytes. */
  | "payload/changed";

/** Findings of the ELF reader keep their code. */
export class PayloadError extends XspliceError<PayloadErrorCode | ElfErrorCode> {}
