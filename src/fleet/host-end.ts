// The last word about each host of a roll-out: where it is, exactly, whatever became of the roll-out.

import type { Shows } from "./records.ts";
import { entryOf, type Replica } from "./replica.ts";
import type { RolloutPlan } from "./rollout-plan.ts";
import { orderOf, standingOf } from "./standing.ts";

export type HostEnd =
  /** Nothing was done to it. */
  | { readonly kind: "untouched" }
  | { readonly kind: "arrived" }
  /** In the state from before the roll-out. */
  | { readonly kind: "back" }
  | { readonly kind: "failed"; readonly reason: string; readonly shows: Shows | undefined }
  /** Not heard of for too long. `wasAtWork`: it may have stopped anywhere on its way. */
  | { readonly kind: "silent"; readonly wasAtWork: boolean; readonly shows: Shows | undefined };

/** @param now by the store's clock */
export function endOf(plan: RolloutPlan, host: string, replica: Replica, now: number): HostEnd {
  const order = orderOf(plan.id, host, replica)?.value;
  const facts = entryOf(replica, "facts", host)?.value;
  const last = facts ?? order?.shows;
  const shows = last && { xenBuildId: last.xenBuildId, bootId: last.bootId, stack: last.stack };
  const standing = standingOf(plan, host, replica, false, now);
  if (order?.number === 2) {
    const { outcome, reason, status } = order;
    if (status === "ended" && outcome === "done") return { kind: "back" };
    if (status === "ended") return { kind: "failed", reason: reason ?? outcome ?? "", shows };
    if (status === "withdrawn") return { kind: "failed", reason: "it was not taken back", shows };
  }
  switch (standing.kind) {
    case "waiting":
    case "withdrawn":
      return { kind: "untouched" };
    case "at-work":
      return { kind: "silent", wasAtWork: true, shows };
    case "silent":
      return { kind: "silent", wasAtWork: standing.wasAtWork, shows };
    case "failed":
      return { kind: "failed", reason: standing.reason, shows };
    case "arrived":
      return { kind: "arrived" };
  }
}
