// The result of a sync.

import type { ErrorReport } from "../error.ts";
import type { AppliedStack } from "../plan/host-state.ts";
import type { Plan, PlanMoment } from "../plan/plan-form.ts";
import type { DoneStep } from "./take-steps.ts";

export interface SyncReport {
  /**
   * `done`: the host is as wished; `stopped`: by the signal, between two steps; `returned`: a step
   * failed, and the host is as before; `astray`: it is neither as before nor as wished.
   */
  readonly outcome: "done" | "stopped" | "returned" | "astray";
  readonly plan: Plan;
  /** Of the plan. */
  readonly done: readonly DoneStep[];
  /** Steps at the start, because an earlier sync had left the host without some payloads. */
  readonly mended: readonly DoneStep[];
  /** After a failure. */
  readonly wayBack: readonly DoneStep[];
  readonly failure: ErrorReport | undefined;
  /** Sentences: what else a person should know. */
  readonly notes: readonly string[];
  /** Fixes that are missing in the state where it stopped. */
  readonly missing: readonly PlanMoment[];
  /** Names at the end, in load order; `undefined` when the host does not answer. */
  readonly loaded: readonly string[] | undefined;
  readonly stack: AppliedStack | undefined;
}
