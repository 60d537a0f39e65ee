// The way back, made from what each host shows: one that shows the state from before needs nothing, one that was
// never begun neither, and one that runs another hypervisor by now is left alone and named.

import type { Rollout } from "./records.ts";
import { entryOf, type Replica } from "./replica.ts";
import type { RolloutPlan } from "./rollout-plan.ts";
import { sameStack } from "./stack.ts";
import { heardAt, orderOf } from "./standing.ts";

export type BackStanding =
  | { readonly kind: "untouched" }
  /** It has to be looked at first. */
  | { readonly kind: "unseen" }
  | { readonly kind: "to-do" }
  | { readonly kind: "at-work" }
  | { readonly kind: "silent"; readonly wasAtWork: boolean }
  | { readonly kind: "back" }
  | { readonly kind: "failed"; readonly reason: string };

/** Hosts that are to be taken back. */
export function scopeOf(plan: RolloutPlan, { after, wave }: Rollout): readonly string[] {
  const first = after === "take-back-wave" ? wave : 0;
  return plan.waves.slice(first, wave + 1).flat();
}

/**
 * @param since when taking back began: what a host shows has to be newer, and was asked for since
 * @param now by the store's clock
 */
export function backStandingOf(
  plan: RolloutPlan,
  host: string,
  replica: Replica,
  since: number,
  now: number,
): BackStanding {
  const planned = plan.hosts[host];
  const order = orderOf(plan.id, host, replica);
  const facts = entryOf(replica, "facts", host);
  if (planned === undefined || order === undefined) return { kind: "untouched" };
  const { status, number, outcome, reason } = order.value;
  const lastHeard = heardAt(order, facts);
  const isSilent = now > lastHeard + plan.rules.silentMs;
  if (status === "open" || status === "taken") {
    return isSilent ? { kind: "silent", wasAtWork: status === "taken" } : { kind: "at-work" };
  }
  if (number === 2) {
    if (status === "ended" && outcome === "done") return { kind: "back" };
    return { kind: "failed", reason: reason ?? outcome ?? status };
  }
  if (status === "withdrawn") return { kind: "untouched" };
  if (facts === undefined || facts.value.asked < since) {
    const isLost = now > Math.max(since, lastHeard) + plan.rules.silentMs;
    return isLost ? { kind: "silent", wasAtWork: false } : { kind: "unseen" };
  }
  const { xenBuildId, stack } = facts.value;
  if (xenBuildId !== planned.xenBuildId) {
    return { kind: "failed", reason: `it runs another hypervisor by now: ${xenBuildId}` };
  }
  return { kind: stack !== undefined && sameStack(stack, planned.from) ? "back" : "to-do" };
}
