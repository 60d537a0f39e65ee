// Asking a running host whether its code is what a payload expects.

export {
  type CodeDifference,
  type DifferenceContext,
  differenceOf,
  type Suspect,
  suspectsFor,
} from "./difference.ts";
export { ProbeError, type ProbeErrorCode } from "./errors.ts";
export { expectedFunctionsOf } from "./expected-code.ts";
export { PROBE_NAME_PREFIX, type ProbeRequest, type ProbeResult, probeHost } from "./probe.ts";
export { describeDifference } from "./words.ts";
