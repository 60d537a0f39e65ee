// Checks whether the code of a running host is what a payload expects, and which payload changed it if
// not.

export {
  type CodeDifference,
  type Cover,
  type DifferenceContext,
  differenceOf,
  type ReplacedBy,
  type Suspect,
  suspectsFor,
} from "./difference.ts";
export { ProbeError, type ProbeErrorCode } from "./errors.ts";
export { type ExpectedFunction, expectedFunctionsOf } from "./expected-code.ts";
export { PROBE_NAME_PREFIX, type ProbeRequest, type ProbeResult, probeHost } from "./probe.ts";
export { describeDifference } from "./words.ts";
