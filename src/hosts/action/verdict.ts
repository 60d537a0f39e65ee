// What one attempt at an action came to. Pure: Xen's answer, the statuses around it and the
// console in, a verdict out (ABI §4.1).

import type { Action, PayloadStatus, SettledState } from "../../host/host.ts";
import { settledState } from "../../host/settled-state.ts";
import { Errno } from "../../xen-abi/errno.ts";
import { revertTopOf, waitQueueOf } from "../explain/console-lines.ts";

export type AttemptVerdict =
  | { readonly kind: "done" }
  /** The CPUs did not meet in time; nothing was changed. */
  | { readonly kind: "missed" }
  /** Xen works on something else: its one place for pending work is taken. */
  | { readonly kind: "occupied" }
  /** Only the payload applied last can be reverted. */
  | { readonly kind: "not-on-top" }
  /** Xen said no at once. */
  | { readonly kind: "refused"; readonly errno: number }
  /** Xen said no later, as the result; `errno` 0: it said yes and did nothing. */
  | { readonly kind: "failed"; readonly errno: number }
  /** Somebody else unloaded the payload meanwhile. */
  | { readonly kind: "gone" };

export interface Attempt {
  readonly action: Action;
  /** 0, or the positive error number of the hypercall itself. */
  readonly answer: number;
  readonly before: PayloadStatus;
  readonly after: PayloadStatus | undefined;
  /** What the hypervisor printed since the action began. */
  readonly console: string;
}

/** The state that an action leads to; `undefined` for unload, after which there is none. */
function goalOf(action: Action): SettledState | undefined {
  if (action === "unload") return undefined;
  return action === "revert" ? "checked" : "applied";
}

export function judgeStart(
  action: Action,
  status: PayloadStatus,
): "reached" | "wrong-state" | "go" {
  const state = settledState(status);
  if (state === goalOf(action)) return "reached";
  return action === "unload" && state === "applied" && status.kind !== "busy"
    ? "wrong-state"
    : "go";
}

export function judgeAttempt(attempt: Attempt): AttemptVerdict {
  return attempt.answer === 0 ? judgeResult(attempt) : judgeRefusal(attempt);
}

function judgeResult({ action, after, console }: Attempt): AttemptVerdict {
  if (after === undefined) return { kind: action === "unload" ? "done" : "gone" };
  if (after.kind === "failed") {
    const missed = after.errno === Errno.EBUSY && waitQueueOf(console) === undefined;
    return missed ? { kind: "missed" } : { kind: "failed", errno: after.errno };
  }
  return settledState(after) === goalOf(action) ? { kind: "done" } : { kind: "failed", errno: 0 };
}

function judgeRefusal({ action, answer, before, after, console }: Attempt): AttemptVerdict {
  const untouched = before.kind !== "busy" && after?.kind === before.kind;
  // A hook's veto is the answer and the result; stock tools tell every result as their answer.
  const asResult = after?.kind === "failed" && after.errno === answer && !untouched;
  if (answer !== Errno.EBUSY || waitQueueOf(console) !== undefined) {
    return { kind: asResult ? "failed" : "refused", errno: answer };
  }
  if (action === "revert" && revertTopOf(console) !== undefined) return { kind: "not-on-top" };
  if (after?.kind === "failed" && after.errno === Errno.EBUSY) return { kind: "missed" };
  // A revert that is refused for its place in the stack leaves no trace in the status.
  return action === "revert" && untouched ? { kind: "not-on-top" } : { kind: "occupied" };
}
