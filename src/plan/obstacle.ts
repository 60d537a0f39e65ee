// Why a payload cannot go where it should: the planner's refusals, in the form of all errors.

import { type ErrorReport, XspliceError } from "../error.ts";

export type ObstacleCode =
  /** What it must sit on is not there. */
  | "plan/missing-link"
  /** Two payloads change the same code, and neither was made for the other. */
  | "plan/overlap"
  | "plan/wrong-hypervisor"
  /** Reverted, it cannot be applied again as it was. */
  | "plan/one-way"
  /** A hook stands against replace, and no other way exists. */
  | "plan/hook"
  /** Two payloads need the same place in the stack. */
  | "plan/same-place"
  /** Two payloads bring the same symbol, so that they cannot be loaded together. */
  | "plan/same-symbol"
  /** Something about the host or a payload is not known that the way depends on. */
  | "plan/unknown"
  /** What should be reverted is not there. */
  | "plan/not-loaded"
  /** The payload is needed, and neither loaded nor given. */
  | "plan/no-file"
  /** A fix would be missing for a moment, and that was forbidden. */
  | "plan/moment"
  /** Another payload refers to it. */
  | "plan/in-use"
  /** The hypervisor keeps a pointer into it. */
  | "plan/pointer-kept"
  /** It was bound to a payload that is gone. */
  | "plan/unbound";

export type Obstacle = ErrorReport<ObstacleCode>;

/** Thrown by the command line for a wish that cannot be met. */
export class PlanError extends XspliceError<ObstacleCode | PlanFileErrorCode> {
  readonly obstacles: readonly Obstacle[];

  constructor(
    report: ErrorReport<ObstacleCode | PlanFileErrorCode>,
    obstacles: readonly Obstacle[] = [],
  ) {
    super(report);
    this.obstacles = obstacles;
  }
}

export type PlanFileErrorCode =
  /** No plan that this release wrote. */
  | "plan/bad-file"
  /** The host has changed since the plan was made. */
  | "plan/stale";
