// Why a proof could not be made: the verdict of one that was made is no error.

import { XspliceError } from "../error.ts";

export type ProveErrorCode =
  /** No trigger of this name, or its description cannot be used. */
  | "prove/bad-trigger"
  /** The trigger did something that its description does not know: no verdict can rest on it. */
  | "prove/unexpected"
  /** The evidence could not be written. */
  | "prove/cannot-keep"
  /** The hypervisor did not take the payload, or not back. */
  | "prove/payload-refused";

export class ProveError extends XspliceError<ProveErrorCode> {}
