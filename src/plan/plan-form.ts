// What a plan looks like, in memory and as JSON.

import type { Fix } from "./coverage.ts";

export const PLAN_VERSION = 1;

export interface Plan {
  readonly version: typeof PLAN_VERSION;
  /** Of the state that it was made for; see fingerprintOf(). */
  readonly fingerprint: string;
  readonly host: { readonly xenBuildId: string | undefined; readonly bootId: string | undefined };
  /** None when the host is as wished. */
  readonly steps: readonly PlanStep[];
  /** From the beginning to the end; those that stay as they are included. */
  readonly functions: readonly FunctionChange[];
  /** Empty: no fix that was there before and is wanted afterwards is missing at any moment. */
  readonly missing: readonly PlanMoment[];
  /** Why there is no plan without such moments. */
  readonly whyMissing: readonly string[];
  readonly notices: readonly Notice[];
  /** How often all CPUs are stopped. */
  readonly quiesces: number;
  /** Names of what is applied in the end, from the bottom to the top. */
  readonly stack: readonly string[];
}

export interface PlanStep {
  readonly action: "upload" | "apply" | "revert" | "replace" | "unload";
  readonly name: string;
  /** Of the payload; `undefined` where it is not known. */
  readonly buildId: string | undefined;
  /** Its file, for an upload. */
  readonly source?: string;
  /** For an apply; `hypervisor-only` is NODEPS. */
  readonly dependencyCheck?: "whole-chain" | "hypervisor-only";
  /** That the step changes. */
  readonly functions: readonly FunctionChange[];
  /** Names of payloads that it applies or reverts, and of which it is not known what they change. */
  readonly unknown: readonly string[];
}

export interface FunctionChange {
  readonly function: string;
  readonly change: "newly-patched" | "patched-again" | "reverted" | "unchanged";
  /** Payload whose code runs afterwards, also after a revert; `undefined` for Xen's own. */
  readonly by: string | undefined;
}

/** From the end of one step to the end of another; steps count from 1. */
export interface PlanMoment {
  readonly fix: Fix;
  readonly fromStep: number;
  readonly toStep: number;
  /** Payload whose code the function runs meanwhile; `undefined` for Xen's own. */
  readonly meanwhile: string | undefined;
}

export interface Notice {
  readonly kind:
    | /** Reverted and applied again, for something below it. */ "lifted"
    | /** Its data starts afresh. */ "fresh-data"
    | /** Another payload has the name of its file. */ "renamed"
    | /** Stays loaded: another payload refers to it. */ "kept"
    | /** A higher payload replaces the same, and does not include what it made of it. */ "not-in-force"
    | /** A hook of it may refuse a step. */ "hook-may-refuse";
  readonly name: string;
  readonly words: string;
}
