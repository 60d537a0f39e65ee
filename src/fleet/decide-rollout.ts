// What comes next in a roll-out: its phases, one after the other. Pure: from what the store says to the next
// record, or to the hosts that begin.

import { decideBack } from "./decide-back.ts";
import { chooseNext } from "./limits.ts";
import { hasEnded, type Rollout } from "./records.ts";
import { entryOf } from "./replica.ts";
import {
  type Decision,
  grantedTo,
  named,
  nothing,
  type RolloutView,
  sinceOf,
} from "./rollout-view.ts";
import { isFailure, orderOf, type Standing, standingOf } from "./standing.ts";
import { isOpen } from "./windows.ts";

type Next = Omit<Rollout, "token">;

export function decideRollout(view: RolloutView): Decision {
  const { phase } = view.rollout.value;
  const asked = whatIsAsked(view);
  if (asked !== undefined) return asked;
  switch (phase) {
    case "working":
      return work(view);
    case "soaking":
      return soak(view);
    case "checking":
      return checkGate(view);
    case "halting":
      return halt(view);
    case "taking-back":
      return decideBack(view);
    default:
      return nothing;
  }
}

/** Abort and take-back are heard in every phase. */
function whatIsAsked({ wanted, rollout: { value } }: RolloutView): Decision | undefined {
  const { phase, wave, after } = value;
  const to = (next: Rollout["after"], reason: string) => {
    return {
      ...nothing,
      next: { phase: "halting", wave, after: next, reason, since: undefined } as const,
    };
  };
  if (phase === "queued") {
    const aborted: Next = {
      phase: "aborted",
      wave,
      after: undefined,
      reason: "as asked",
      since: undefined,
    };
    return wanted === "abort" ? { ...nothing, next: aborted } : undefined;
  }
  if (wanted === "abort" && !hasEnded(value) && after !== "aborted")
    return to("aborted", "as asked");
  const canGoBack = !["refused", "taken-back", "taking-back"].includes(phase);
  if (wanted === "take-back" && canGoBack && after !== "take-back-all") {
    return to("take-back-all", "as asked");
  }
  return undefined;
}

function work(view: RolloutView): Decision {
  const { plan, rollout, wanted, ledger, replica, othersAtWork, now } = view;
  const members = membersOf(view);
  const failed = failure(view, members, isFailure);
  if (failed !== undefined) return failed;
  const waiting = members.filter(([, { kind }]) => kind === "waiting").map(([host]) => host);
  const isBusy = members.some(([, { kind }]) => kind === "at-work");
  if (waiting.length === 0) return isBusy ? nothing : enter(view, "soaking");
  if (wanted === "pause" || !isOpen(plan.rules.windows, now)) return nothing;
  const free = waiting.filter((host) => !Object.hasOwn(ledger.grants, host)).map(named(view));
  const begin = chooseNext(free, grantedTo(view).map(named(view)), othersAtWork, plan.rules.limits);
  if (begin.length > 0) return { ...nothing, begin: begin.map(({ id }) => id) };
  const newest = members.map(([host]) => orderOf(plan.id, host, replica)?.storedAt ?? 0);
  const isStuck = now > Math.max(rollout.storedAt, ...newest) + plan.rules.silentMs;
  if (isBusy || !isStuck) return nothing;
  return toHalt(
    view,
    "stopped",
    `${waiting.length} hosts cannot begin: those that are silent keep their places`,
  );
}

function soak(view: RolloutView): Decision {
  const { plan, rollout, wanted, now } = view;
  const failed = failure(view, membersOf(view), hasNotArrived);
  if (failed !== undefined) return failed;
  const isOver = now >= sinceOf(rollout) + plan.rules.soakMs;
  return isOver && wanted !== "pause" ? enter(view, "checking") : nothing;
}

/** Every host is looked at once more, after the soak; then the user's own check says its word. */
function checkGate(view: RolloutView): Decision {
  const { plan, rollout, replica, wanted, check, now } = view;
  const members = membersOf(view);
  const since = sinceOf(rollout);
  const unseen = members.filter(([host, { kind }]) => {
    return kind === "arrived" && (entryOf(replica, "facts", host)?.value.asked ?? 0) < since;
  });
  const isLate = now > since + plan.rules.silentMs;
  const failed = failure(view, members, hasNotArrived, isLate ? unseen.length : 0);
  if (failed !== undefined) return failed;
  if (unseen.length > 0 && !isLate) return { ...nothing, look: unseen.map(([host]) => host) };
  if (plan.rules.check !== undefined) {
    if (check === "none") return { ...nothing, startCheck: true };
    if (check === "running") return nothing;
    if (check === "failed") return toHalt(view, afterFailure(view), "the check failed");
  }
  if (wanted === "pause") return nothing;
  const { wave } = rollout.value;
  const isLast = wave === plan.waves.length - 1;
  const phase = isLast ? "done" : "working";
  const next: Next = {
    phase,
    wave: isLast ? wave : wave + 1,
    after: undefined,
    reason: undefined,
    since: undefined,
  };
  return { ...nothing, next };
}

/** Whoever has begun comes to an end or is silent; the others were withdrawn. */
function halt(view: RolloutView): Decision {
  const { rollout, plan, replica, now } = view;
  const { wave, after, reason } = rollout.value;
  const isBusy = grantedTo(view).some((host) => {
    const { kind } = standingOf(plan, host, replica, true, now);
    return kind !== "silent";
  });
  if (isBusy || after === undefined) return nothing;
  const isWayBack = after === "take-back-wave" || after === "take-back-all";
  const phase = isWayBack ? "taking-back" : after;
  return { ...nothing, next: { phase, wave, after, reason, since: undefined } };
}

function failure(
  view: RolloutView,
  members: readonly (readonly [string, Standing])[],
  isBad: (standing: Standing) => boolean,
  more = 0,
): Decision | undefined {
  const failed = members.filter(([, standing]) => isBad(standing));
  const { tolerated } = view.plan.rules;
  if (failed.length + more <= tolerated) return undefined;
  const [first] = failed;
  const reason =
    first === undefined ? `${more} hosts are silent` : `${first[0]}: ${wordsOf(first[1])}`;
  return toHalt(view, afterFailure(view), reason);
}

/**
 * Once a wave soaks. A host that was silent and tolerated may be at work again by then, for another runner: that
 * is no reason to go on without it.
 */
function hasNotArrived({ kind }: Standing): boolean {
  return kind !== "arrived";
}

function wordsOf(standing: Standing): string {
  return standing.kind === "failed" ? standing.reason : standing.kind;
}

function afterFailure({ plan }: RolloutView): Rollout["after"] {
  const { onFailure } = plan.rules;
  return onFailure === "stop" ? "stopped" : onFailure;
}

function toHalt({ rollout }: RolloutView, after: Rollout["after"], reason: string): Decision {
  const { wave } = rollout.value;
  return { ...nothing, next: { phase: "halting", wave, after, reason, since: undefined } };
}

function enter({ rollout }: RolloutView, phase: "soaking" | "checking"): Decision {
  const { wave } = rollout.value;
  return {
    ...nothing,
    next: { phase, wave, after: undefined, reason: undefined, since: undefined },
  };
}

function membersOf(view: RolloutView): readonly (readonly [string, Standing])[] {
  const { plan, rollout, replica, ledger, now } = view;
  return plan.waves.slice(0, rollout.value.wave + 1).flatMap((wave) =>
    wave.map((host) => {
      const isGranted = ledger.grants[host]?.rollout === plan.id;
      return [host, standingOf(plan, host, replica, isGranted, now)] as const;
    }),
  );
}
