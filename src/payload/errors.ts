// How a payload is refused. The codes are shared by errors that are thrown and by findings that
// are collected (finding.ts).

import { XspliceError } from "../error.ts";

export type PayloadErrorCode =
  /** Nothing there. */
  | "payload/empty"
  /** Over a limit of the hypervisor: file size, name length, sections. */
  | "payload/too-large"
  /** An ELF file, but no live patch. */
  | "payload/not-a-payload"
  /** For another CPU architecture than wanted, or one that we do not know. */
  | "payload/machine"
  /** A section or symbol that every payload must have is missing. */
  | "payload/missing"
  /** A table that cannot mean anything. */
  | "payload/malformed"
  /** Well formed, but beyond what the hypervisor's loader takes. */
  | "payload/unsupported"
  /** Loads, and then does something nobody wants; up to a crash of the host. */
  | "payload/trap"
  /** For another build of the hypervisor. */
  | "payload/wrong-hypervisor"
  /** A name no hypervisor takes, or one that is taken. */
  | "payload/bad-name"
  /** The symbol map that travels with a payload cannot be read. */
  | "payload/symbol-map";

export class PayloadError extends XspliceError<PayloadErrorCode> {}
