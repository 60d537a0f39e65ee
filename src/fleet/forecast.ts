// What would become of one host: planned as a sync would plan it, and nothing done. A runner makes it, which has
// read the depot itself and verified its signatures; the controller only groups what runners say.

import type { HostState } from "../plan/host-state.ts";
import type { GivenPayload } from "../plan/piece.ts";
import { makePlan, type PlanOptions } from "../plan/plan.ts";
import { type Stack, stackOfNames, stackOfState } from "./stack.ts";

export type Forecast =
  | {
      readonly kind: "goes";
      readonly xenBuildId: string;
      /** What it runs now. */
      readonly from: Stack;
      /** What is promised. */
      readonly to: Stack;
      /** How often all CPUs meet; 0 when it is as wished already. */
      readonly rendezvous: number;
      /** Fixes that are missing for a moment. */
      readonly missing: readonly string[];
    }
  | { readonly kind: "refuses"; readonly reasons: readonly string[] }
  /** The channel says nothing of its hypervisor. */
  | { readonly kind: "no-payload"; readonly xenBuildId: string | undefined }
  | { readonly kind: "unreachable"; readonly reason: string };

/** @param wished of the channel for this build-id; `undefined` when it has none */
export function forecastHost(
  state: HostState,
  wished: readonly GivenPayload[] | undefined,
  options: PlanOptions = {},
): Forecast {
  const { xenBuildId } = state;
  if (xenBuildId === undefined || wished === undefined) return { kind: "no-payload", xenBuildId };
  const planned = makePlan(state, { kind: "apply-exactly", payloads: wished }, options);
  if (planned.kind === "refused") {
    return { kind: "refuses", reasons: planned.obstacles.map(({ problem }) => problem) };
  }
  const from = stackOfState(state);
  if (from === undefined) {
    // There may be a way, but nobody could say later what to go back to.
    return {
      kind: "refuses",
      reasons: ["Cannot say what to go back to: the order of its payloads is unknown"],
    };
  }
  const { plan } = planned;
  const given = [...wished, ...(options.files ?? [])];
  const missing = [...new Set(plan.missing.map(({ fix }) => fix.name))];
  const to = stackOfNames(plan.stack, state, given);
  return { kind: "goes", xenBuildId, from, to, rendezvous: plan.quiesces, missing };
}
