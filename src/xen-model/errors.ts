// What the model itself cannot do. What Xen would refuse is no error here: it is an answer
// (verdict.ts).

import { XspliceError } from "../error.ts";

export type ModelErrorCode =
  /** The xen-syms file is none, or lacks what the model needs of it. */
  | "xen-model/bad-hypervisor"
  /** The file does not tell its release, and the caller did not either. */
  | "xen-model/unknown-release"
  /** More than the model follows. */
  | "xen-model/too-large"
  /** The hypervisor of the model has crashed before. */
  | "xen-model/crashed";

export class ModelError extends XspliceError<ModelErrorCode> {}
