// Brings a host from what it runs to what it should run, by the steps of a plan.

export { SyncError, type SyncErrorCode } from "./errors.ts";
export { type Locked, lockHost } from "./lock.ts";
export type { SyncReport } from "./report.ts";
export { type SyncOptions, type SyncRequest, syncHost } from "./sync.ts";
export type { SyncFile } from "./sync-file.ts";
export type { DoneStep, StepEvent, StepOptions } from "./take-steps.ts";
