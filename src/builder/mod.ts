// From a source patch, or from hand-written C, to a payload.

export { BuildError, type BuildErrorCode } from "../build-outcome/build-error.ts";
export { BuilderError, type BuilderErrorCode } from "../build-outcome/builder-error.ts";
export type { BuildRefusal } from "../build-outcome/refusal.ts";
export {
  type CompiledPayload,
  compilePayload,
  type ReplacedFunction,
} from "../compile/compile.ts";
export type { CompileOptions } from "../compile/compile-options.ts";
export { preparePairs } from "../pairs/prepare-pairs.ts";
export type { PairsRequest, PreparedPairs } from "../pairs/prepared-pairs.ts";
export type { NamePair } from "../running/match-functions.ts";
export {
  type Foundation,
  onHypervisor,
  type PayloadBelow,
  readPayloadBelow,
} from "../running/payload-below.ts";
export { readXenSyms, type XenSymbol, type XenSyms } from "../running/xen-syms.ts";
export type { PatchInput } from "../source-patch/patch-file.ts";
export type {
  PreviousPayload,
  SucceedingData,
  SucceedingFunction,
  Succession,
} from "../stacking/cumulative.ts";
export type { DecidedStacking } from "../stacking/decide.ts";
export { buildFix } from "./build.ts";
export type {
  AllowedNames,
  BuildInputs,
  BuildOptions,
  BuildStacking,
  PayloadLabel,
} from "./build-options.ts";
export type { BuiltFix, Findings } from "./built-fix.ts";
export { type BuildReport, REPORT_FORMAT, reportOf } from "./report.ts";
export { writeFileAtomically } from "./write-file.ts";
