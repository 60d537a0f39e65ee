// What a host runs, as far as it is known: the input of every plan. reconstruct.ts determines it.

import { sha256 } from "../bytes/sha256.ts";
import type { PayloadStatus } from "../host/host.ts";
import { settledState } from "../host/settled-state.ts";
import { LEAVING_MS } from "../xen-abi/rendezvous.ts";
import type { PayloadFacts } from "./facts-form.ts";

export interface LoadedPayload {
  readonly name: string;
  readonly status: PayloadStatus;
  readonly facts: PayloadFacts;
  /** Whether it was applied and reverted since it was loaded; Xen does not report this. */
  readonly history: "never-reverted" | "reverted" | "unknown";
}

/**
 * Whether the hypervisor may follow a pointer into it, or a CPU may be in it. A payload that was never applied
 * has handed out no pointer, and no CPU has come to it.
 */
export function isHeld(
  { facts }: Pick<LoadedPayload, "facts">,
  history: LoadedPayload["history"] | undefined,
): boolean {
  const isReachable = [facts.kept, facts.parks].some((names) => (names ?? []).length > 0);
  return isReachable && history !== "never-reverted";
}

/** How long an unload has to wait for CPUs to leave the payload's code, in ms: at any time after the revert. */
export function leavingMsOf(
  { facts }: Pick<LoadedPayload, "facts">,
  history: LoadedPayload["history"] | undefined,
): number {
  const isLingering = (facts.lingers ?? []).length > 0 && history !== "never-reverted";
  return isLingering ? LEAVING_MS : 0;
}

/** Where a vCPU may still sleep, however long ago the revert was. Nothing tells whether one does. */
export function sleepsOf(
  { facts }: Pick<LoadedPayload, "facts">,
  history: LoadedPayload["history"] | undefined,
): readonly string[] {
  return history === "never-reverted" ? [] : (facts.sleeps ?? []);
}

export type AppliedStack =
  | {
      readonly kind: "known";
      /** The applied payloads, from the bottom to the top. */
      readonly names: readonly string[];
      readonly evidence: StackEvidence;
    }
  | {
      readonly kind: "unknown";
      /** The applied payloads in load order, which differs from the order in the stack. */
      readonly names: readonly string[];
      /** Pairs of applied payloads whose order is certain, the lower one first. */
      readonly known: readonly (readonly [below: string, above: string])[];
      /** Sentences: the facts that are missing to know the order. */
      readonly reasons: readonly string[];
    };

export type StackEvidence =
  /** None or one is applied. */
  | "no-choice"
  /** According to xSplice's own journal on that host, and nothing on the host contradicts it. */
  | "journal"
  /** In no other order is each payload on what it depends on, unless that check was skipped. */
  | "dependencies"
  /** The host itself records the order, as the model does. */
  | "host";

export interface HostState {
  /** Hex; `undefined` when the hypervisor has none or it cannot be read. */
  readonly xenBuildId: string | undefined;
  /** Of dom0's kernel. */
  readonly bootId: string | undefined;
  /** Whether apply can be told to check only the hypervisor's build-id. */
  readonly nodeps: "possible" | "impossible";
  /** In load order. */
  readonly loaded: readonly LoadedPayload[];
  readonly stack: AppliedStack;
  /** The goal of a sync that has not reached it. */
  readonly interruptedGoal?: readonly string[];
  /** Payloads that a sync reverted temporarily and never restored, because others changed the host since. */
  readonly lifted?: readonly string[];
  /** Names of payloads that were loaded in this boot and are not any more, according to the journal. */
  readonly gone?: readonly string[];
  /**
   * What the journal of an earlier boot says was applied at its end, from the bottom to the top, and is not
   * now: a reboot takes all payloads.
   */
  readonly lostInReboot?: readonly string[];
}

/**
 * Equal for the same boot, payloads, states and order: a plan is only valid for the state that it was
 * made from. Hex.
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
  return sha256(JSON.stringify(parts));
}
