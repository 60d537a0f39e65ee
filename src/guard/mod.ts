// The old code that a payload carries for Xen to compare.

export { type CodeRange, findBootChanges } from "./boot-changes.ts";
export { GuardError, type GuardErrorCode } from "./errors.ts";
export { guardsFor } from "./guard.ts";
export type {
  GuardedFunction,
  GuardImage,
  GuardPlan,
  GuardRequest,
  UnguardedRange,
  UnguardedReason,
} from "./plan.ts";
