// The contents of payloads for people: code by name, special tables, comparison of two payloads.

export type { AlignedRow } from "../diff/align-listings.ts";
export type { BodyPlace, PieceDifference } from "./compare-code.ts";
export {
  type ComparedPayload,
  comparePayloads,
  type FunctionComparison,
  type NamedPayload,
  type PayloadComparison,
} from "./compare-payloads.ts";
export type { FactDifference } from "./compare-tables.ts";
export { describeComparison } from "./describe-comparison.ts";
export { describeTables } from "./describe-tables.ts";
export {
  type Dissection,
  type DissectOptions,
  dissectPayload,
  type ListedCode,
} from "./dissect-payload.ts";
export type { CodePiece } from "./find-code.ts";
export type { CodeRange } from "./list-code.ts";
export type { RunningCode } from "./running-code.ts";
export type { SpecialEntry } from "./special-entry.ts";
export type { DecodedTable } from "./special-tables.ts";
