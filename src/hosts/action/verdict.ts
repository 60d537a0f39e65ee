// The result of one attempt at an action. Pure: computed from Xen's answer, the statuses before and
// after it, and the console (ABI §4.1).

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
  /** Xen is busy with something else: it can hold only one pending action. */
  | { readonly kind: "occupied" }
  /** Only the payload applied last can be reverted. */
  | { readonly kind: "not-on-top" }
  /** Xen refused at once. */
  | { readonly kind: "refused"; readonly errno: number }
  /** Xen refused later, in the result; `errno` 0: it reported success and did nothing. */
  | { readonly kind: "failed"; readonly errno: number }
  /** Another process unloaded the payload meanwhile. */
  | { readonly kind: "gone" };

/**
 * `said`: reported by Xen, or its console cannot be read. `guessed`: Xen reports nothing, as when an
 * apply or revert hook has refused with EBUSY.
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
  /** The part of it that was printed during this attempt. */
  readonly news: string | undefined;
}

/** The state after a successful action; `undefined` for unload. */
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

/** A missed rendezvous and a hook's veto have the same number; the console distinguishes them. */
function judgeBusy({ name, news }: Attempt): AttemptVerdict {
  if (news === undefined || saysNotMet(news, name)) return { kind: "missed", evidence: "said" };
  if (vetoOf(news, name) !== undefined) return { kind: "failed", errno: Errno.EBUSY };
  return { kind: "missed", evidence: "guessed" };
}

function judgeRefusal(attempt: Attempt): AttemptVerdict {
  const { action, answer, before, after, console = "" } = attempt;
  const untouched = before.kind !== "busy" && after?.kind === before.kind;
  // A hook's veto is both the answer and the result; stock tools report every result as their answer.
  const asResult = after?.kind === "failed" && after.errno === answer && !untouched;
  if (answer !== Errno.EBUSY || waitQueueOf(console) !== undefined) {
    return { kind: asResult ? "failed" : "refused", errno: answer };
  }
  if (action === "revert" && revertTopOf(console) !== undefined) return { kind: "not-on-top" };
  if (after?.kind === "failed" && after.errno === Errno.EBUSY) return judgeBusy(attempt);
  // A revert that is refused because of its place in the stack does not change the status.
  return action === "revert" && untouched ? { kind: "not-on-top" } : { kind: "occupied" };
}
