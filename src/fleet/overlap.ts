// Roll-outs that want the same hosts: one after the other, or the later one not at all. Two at once would each
// take the other's work for a fault.

import type { RolloutPlan } from "./rollout-plan.ts";

export type Admission =
  | { readonly kind: "starts" }
  | {
      readonly kind: "queued" | "refused";
      readonly behind: string;
      readonly hosts: readonly string[];
    };

/** @param active plans of roll-outs that were started and have not ended, in the order of their start */
export function admitRollout(
  plan: Pick<RolloutPlan, "id" | "hosts" | "rules">,
  active: Iterable<Pick<RolloutPlan, "id" | "hosts">>,
): Admission {
  for (const { id, hosts } of active) {
    const shared = Object.keys(plan.hosts).filter((host) => Object.hasOwn(hosts, host));
    if (shared.length === 0) continue;
    const kind = plan.rules.whenOverlapping === "queue" ? "queued" : "refused";
    return { kind, behind: id, hosts: shared };
  }
  return { kind: "starts" };
}
