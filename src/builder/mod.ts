// From a source patch, or from hand-written C, to a payload. The directories below (source-patch/ to
// compile/) have no mod.ts; their results are in the report.

export { BuildError, type BuildErrorCode } from "../build-outcome/build-error.ts";
export { BuilderError, type BuilderErrorCode } from "../build-outcome/builder-error.ts";
export type { BuildRefusal, RefusalName } from "../build-outcome/refusal.ts";
export {
  type CompiledPayload,
  compilePayload,
  type ReplacedFunction,
} from "../compile/compile.ts";
export type {
  CompileInputs,
  CompileOptions,
  CompilerWish,
  CompileTarget,
} from "../compile/compile-options.ts";
export type { LayoutFinding } from "../layout/layout.ts";
export type { LayoutRoom } from "../layout/layout-change.ts";
export type { NamePair } from "../running/match-functions.ts";
export {
  type Foundation,
  onHypervisor,
  type PayloadBelow,
  readPayloadBelow,
} from "../running/payload-below.ts";
export { readXenSyms, type XenSymbol, type XenSyms } from "../running/xen-syms.ts";
export type { FileEntry } from "../source-patch/hunk-ledger.ts";
export type { PatchInput } from "../source-patch/patch-file.ts";
export type {
  PreviousPayload,
  SucceedingData,
  SucceedingFunction,
  Succession,
} from "../stacking/cumulative.ts";
export type { DecidedStacking, StackingWish } from "../stacking/decide.ts";
export type { ConfigDifference } from "../xen-make/config.ts";
export type { RunOptions } from "../xen-make/make-run.ts";
export type { Phase } from "../xen-make/timings.ts";
export type { SandboxWish } from "../xen-make/tools.ts";
export { buildFix } from "./build.ts";
export type {
  AllowedNames,
  BuildInputs,
  BuildOptions,
  BuildStacking,
  Metadata,
  NamedBytes,
  NamedText,
  PayloadLabel,
} from "./build-options.ts";
export type { BuiltFix, Findings } from "./built-fix.ts";
export type { AllowedChange } from "./conclude/allowed.ts";
export type { BootOnlyReference } from "./init/references.ts";
export type { BuiltFunction, BuiltHook } from "./link/built-parts.ts";
export { type CompiledAhead, type PrepareOptions, prepareBuilds } from "./prepare.ts";
export {
  type BuildReport,
  REPORT_FORMAT,
  type ReportedFunction,
  type ReportedObject,
  type ReportedPayload,
  type ReportedStacking,
  reportOf,
} from "./report.ts";
export { type ExplainedFunction, explainFunction } from "./report-explain.ts";
export type { ReportedHunk, ReportedInputs } from "./report-inputs.ts";
