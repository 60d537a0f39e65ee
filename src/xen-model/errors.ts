// What the model itself does not support. A refusal by Xen is not an error here but an answer
// (verdict.ts).

import { XspliceError } from "../error.ts";

export type ModelErrorCode =
  /** The file is not a xen-syms, or lacks what the model needs. */
  | "xen-model/bad-hypervisor"
  /** The file does not show its release, and the caller did not give it. */
  | "xen-model/unknown-release"
  /** More memory than the model supports. */
  | "xen-model/too-large"
  /** The hypervisor of the model has crashed before. */
  | "xen-model/crashed";

export class ModelError extends XspliceError<ModelErrorCode> {}
