// What a host runs, as far as it is known: the start of every plan. reconstruct.ts finds it out.

import { createHash } from "node:crypto";
import type { PayloadStatus } from "../host/host.ts";
import { settledState } from "../host/settled-state.ts";
import type { PayloadFacts } from "./facts-form.ts";

export interface LoadedPayload {
  readonly name: string;
  readonly status: PayloadStatus;
  readonly facts: PayloadFacts;
  /** Whether it was applied and reverted since it was loaded; Xen knows and does not tell. */
  readonly history: "never-reverted" | "reverted" | "unknown";
}

/** Whether the hypervisor may follow a pointer into it; what never was applied handed out none. */
export function isHeld(
  { facts }: Pick<LoadedPayload, "facts">,
  history: LoadedPayload["history"] | undefined,
): boolean {
  return (facts.kept ?? []).length > 0 && history !== "never-reverted";
}

export type AppliedStack =
  | {
      readonly kind: "known";
      /** What is applied, from the bottom to the top. */
      readonly names: readonly string[];
      readonly evidence: StackEvidence;
    }
  | {
      readonly kind: "unknown";
      /** What is applied, in load order, which says nothing about the stack. */
      readonly names: readonly string[];
      /** Of what is applied, which is surely above which: pairs of names, the lower one first. */
      readonly known: readonly (readonly [below: string, above: string])[];
      /** Sentences for people: what is missing for knowing. */
      readonly reasons: readonly string[];
    };

export type StackEvidence =
  /** None or one is applied. */
  | "no-choice"
  /** xSplice's own journal on that host says so, and nothing on the host contradicts it. */
  | "journal"
  /** No other order has each payload on what it depends on, unless somebody ignored that. */
  | "dependencies"
  /** The host itself keeps the order, as the model does. */
  | "host";

export interface HostState {
  /** Hex; `undefined` when the hypervisor has none or it cannot be told. */
  readonly xenBuildId: string | undefined;
  /** Of dom0's kernel. */
  readonly bootId: string | undefined;
  /** Whether apply can be told to check nothing but the hypervisor's build-id. */
  readonly nodeps: "possible" | "impossible";
  /** In load order. */
  readonly loaded: readonly LoadedPayload[];
  readonly stack: AppliedStack;
  /** What a sync wanted to be applied in the end that did not come to it. */
  readonly interruptedGoal?: readonly string[];
  /** What a sync has reverted for a while and never put back, for others were at work since. */
  readonly lifted?: readonly string[];
  /** Names of payloads that were loaded in this boot and are no more, as far as the journal says. */
  readonly gone?: readonly string[];
}

/**
 * The same for the same boot, payloads, states and order: a plan is only good for the state that it
 * was made from. Hex.
 */
export function fingerprintOf(state: HostState): string {
  const parts = [
    state.bootId ?? null,
    state.xenBuildId ?? null,
    state.loaded.map(({ name, status, facts, history }) => [
      ...[name, settledState(status), history],
      ...[facts.buildId ?? null, facts.metadata ?? null],
    ]),
    [state.stack.kind, state.stack.names],
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
