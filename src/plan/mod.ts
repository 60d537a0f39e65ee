// Which payload may be on top of which, what a host runs, and the steps from there to what it should
// run.

export { type BoundStep, findBrokenBinding } from "./bindings.ts";
export type { AddressOf } from "./code-range.ts";
export type { Fix } from "./coverage.ts";
export { factsOfMetadata, factsOfPayload } from "./facts.ts";
export type { CodeRange, PayloadFacts } from "./facts-form.ts";
export {
  type AppliedStack,
  fingerprintOf,
  type HostState,
  type LoadedPayload,
  type StackEvidence,
} from "./host-state.ts";
export type {
  Journal,
  JournalPayload,
  JournalScene,
  LogEntry,
  PendingAction,
} from "./journal-form.ts";
export { JournalGoal } from "./journal-goal.ts";
export { decodeJournal, encodeJournal } from "./journal-json.ts";
export {
  type Journalled,
  JournalledHost,
  type JournalledOptions,
  type ObservedHost,
} from "./journalled-host.ts";
export { type HostView, observeHost } from "./observe.ts";
export { type Obstacle, type ObstacleCode, PlanError, type PlanFileErrorCode } from "./obstacle.ts";
export type { GivenPayload } from "./piece.ts";
export { makePlan, type Planned, type PlanOptions } from "./plan.ts";
export {
  type FunctionChange,
  type Notice,
  PLAN_VERSION,
  type Plan,
  type PlanMoment,
  type PlanStep,
} from "./plan-form.ts";
export {
  decodePlan,
  type PlanFile,
  requireSealed,
  type SealedPlan,
  sealPlan,
} from "./plan-json.ts";
export type { JournalVerdict, Reconstruction } from "./reconstruct.ts";
export {
  type AppliedView,
  type FunctionView,
  type StackView,
  viewStack,
} from "./stack-view.ts";
export type { Wish } from "./wish.ts";
