// From a source patch, or from hand-written C, to a payload.

export { type BuildOptions, type BuiltFix, buildFix } from "./build.ts";
export {
  type CompiledPayload,
  type CompileOptions,
  compilePayload,
  type ReplacedFunction,
} from "./compile.ts";
export { BuilderError, type BuilderErrorCode } from "./errors.ts";
export { BuildError, type BuildErrorCode } from "./make-errors.ts";
export type { NamePair } from "./match-functions.ts";
export type {
  PreviousPayload,
  SucceedingData,
  SucceedingFunction,
  Succession,
} from "./mode-cumulative.ts";
export type { DecidedStacking } from "./mode-stacking.ts";
export type { PatchInput } from "./patch-file.ts";
export {
  type Foundation,
  onHypervisor,
  type PayloadBelow,
  readPayloadBelow,
} from "./payload-below.ts";
export { type PairsRequest, type PreparedPairs, preparePairs } from "./prepare-pairs.ts";
export type { BuildRefusal } from "./refusal.ts";
export { type BuildReport, REPORT_FORMAT, reportOf } from "./report.ts";
export { writeFileAtomically } from "./write-file.ts";
export { readXenSyms, type XenSymbol, type XenSyms } from "./xen-syms.ts";
