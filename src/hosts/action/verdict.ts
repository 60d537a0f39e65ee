// What one attempt at an action came to. Pure: Xen's answer, the statuses around it and the
// console in, a verdict out (ABI §4.1).

import type { Action, PayloadStatus, SettledState } from "../../host/host.ts";
import { settledState } from "../../host/settled-state.ts";
import { Errno } from "../../xen-abi/errno.ts";
import { revertTopOf, saysNotMet, vetoOf, waitQueueOf } from "../explain/console-lines.ts";

export type AttemptVerdict =
  | { readonly kind: "done" }
  /**
   * The CPUs did not meet in time, and nothing was changed.
   */
  | { readonly kind: "missed"; readonly evidence: MissEvidence }
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

/**
 * `said`: by Xen, or its console cannot be read. `guessed`: it says nothing, as when an apply or revert
 * hook has refused with EBUSY.
 */
export type MissEvidence = "said" | "guessed";

export interface Attempt {
  readonly action: Action;
  /** Of the payload. */
  readonly name: string;
  /** 0, or the positive error number of the hypercall itself. */
  readonly answer: number;
  readonly before: PayloadStatus;
  readonly after: PayloadStatus | undefined;
  /** What the hypervisor printed since the action began; `undefined` where it cannot be read. */
  readonly console: string | undefined;
  /** Those of it that came with this attempt. */
  readonly news: string | undefined;
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

function judgeResult(attempt: Attempt): AttemptVerdict {
  const { action, after, console = "" } = attempt;
  if (after === undefined) return { kind: action === "unload" ? "done" : "gone" };
  if (after.kind === "failed") {
    const isBusy = after.errno === Errno.EBUSY && waitQueueOf(console) === undefined;
    return isBusy ? judgeBusy(attempt) : { kind: "failed", errno: after.errno };
  }
  return settledState(after) === goalOf(action) ? { kind: "done" } : { kind: "failed", errno: 0 };
}

/** A missed meeting and a hook's veto are one number; the console tells them apart. */
function judgeBusy({ name, news }: Attempt): AttemptVerdict {
  if (news === undefined || saysNotMet(news, name)) return { kind: "missed", evidence: "said" };
  if (vetoOf(news, name) !== undefined) return { kind: "failed", errno: Errno.EBUSY };
  return { kind: "missed", evidence: "guessed" };
}

function judgeRefusal(attempt: Attempt): AttemptVerdict {
  const { action, answer, before, after, console = "" } = attempt;
  const untouched = before.kind !== "busy" && after?.kind === before.kind;
  // A hook's veto is the answer and the result; stock tools tell every result as their answer.
  const asResult = after?.kind === "failed" && after.errno === answer && !untouched;
  if (answer !== Errno.EBUSY || waitQueueOf(console) !== undefined) {
    return { kind: asResult ? "failed" : "refused", errno: answer };
  }
  if (action === "revert" && revertTopOf(console) !== undefined) return { kind: "not-on-top" };
  if (after?.kind === "failed" && after.errno === Errno.EBUSY) return judgeBusy(attempt);
  // A revert that is refused for its place in the stack leaves no trace in the status.
  return action === "revert" && untouched ? { kind: "not-on-top" } : { kind: "occupied" };
}
