// Why a payload cannot be where it should be: the planner's refusals, in the form of all errors.

import { type ErrorReport, XspliceError } from "../error.ts";

export type ObstacleCode =
  /** The payload that it must be on is missing. */
  | "plan/missing-link"
  /** Two payloads change the same code, and neither was built on the other. */
  | "plan/overlap"
  | "plan/wrong-hypervisor"
  /** After a revert it cannot be applied again in its former state. */
  | "plan/one-way"
  /** A hook prevents a replace, and no other way exists. */
  | "plan/hook"
  /** Two payloads need the same place in the stack. */
  | "plan/same-place"
  /** Two payloads define the same symbol, so they cannot be loaded together. */
  | "plan/same-symbol"
  /** A fact about the host or a payload that the plan needs is unknown. */
  | "plan/unknown"
  /** The payload to revert does not exist on the host. */
  | "plan/not-loaded"
  /** A required payload is neither loaded nor given as a file. */
  | "plan/no-file"
  /** A fix would be missing for a moment, and that was forbidden. */
  | "plan/moment"
  /** Another payload refers to it. */
  | "plan/in-use"
  /** The hypervisor keeps a pointer into it. */
  | "plan/pointer-kept"
  /** A CPU may still be in its code. */
  | "plan/cpu-stays"
  /** It was bound to a payload that was unloaded. */
  | "plan/unbound";

export type Obstacle = ErrorReport<ObstacleCode>;

/** Thrown by the command line for a wish that cannot be fulfilled. */
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
  /** Not a plan of this release. */
  | "plan/bad-file"
  /** The host has changed since the plan was made. */
  | "plan/stale";
