// Finds the fix that makes a check fail, among many in one cumulative payload, on a running host.

export {
  type BisectEffects,
  type BisectEvent,
  type BisectReport,
  type BisectRequest,
  bisectSeries,
  restoreHost,
} from "./bisect.ts";
export { BisectError, type BisectErrorCode } from "./errors.ts";
export { BISECT_NAME_PREFIX, type BisectFile, type MoveOptions } from "./move-host.ts";
export type { BuiltPrefix, CheckResult, PrefixEffects } from "./probe-prefix.ts";
export {
  type BisectRecord,
  type BisectSubject,
  decodeRecord,
  encodeRecord,
  type Origin,
  type ProbeRecord,
  type SeriesFix,
} from "./record.ts";
export {
  type Conclusion,
  type NextProbe,
  nextProbe,
  type ProbedPrefix,
  type ProbeVerdict,
} from "./search.ts";
