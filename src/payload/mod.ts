// Live patches as files: reading, describing, checking and writing them, and making them from objects.

export { computeBuildId, stampBuildId } from "./build-id.ts";
export { checkPayloadForHost, findUnfitness, type HostFacts } from "./check-for-host.ts";
export {
  type DescribeOptions,
  describePayload,
  type Paragraph,
  payloadToJson,
} from "./describe.ts";
export { type EmittedPayload, emitPayload } from "./emit/emit.ts";
export {
  EmitError,
  type EmitErrorCode,
  type EmitInput,
  type GuardBytes,
  type Hook,
  type Keeping,
  type KeptCall,
  type KeptEntry,
  type Replacement,
  type RequiredPayload,
  type SourceObject,
  type Stacking,
} from "./emit/input.ts";
export { PayloadError, type PayloadErrorCode } from "./errors.ts";
export type { PayloadFinding, Severity } from "./finding.ts";
export { type Inspection, inspectPayload } from "./inspect.ts";
export type { JsonOf } from "./json-value.ts";
export {
  decodeOrigin,
  encodeOrigin,
  ORIGIN_SECTION,
  type OriginDigests,
  type OriginFile,
  type OriginPatch,
  type PayloadOrigin,
  readOrigin,
} from "./made-from/origin.ts";
export {
  decodeSources,
  encodeSources,
  type PayloadSources,
  readSources,
  SOURCES_SECTION,
  type SourceDigests,
  type SourceFile,
} from "./made-from/sources.ts";
export { type Marker, markerFor, markerOf } from "./marker.ts";
export {
  type GuardLevel,
  guardLevels,
  type PayloadMode,
  payloadModes,
} from "./metadata-keys.ts";
export { parsePayload } from "./parse.ts";
export type {
  ExportedSymbol,
  GuardEntry,
  NopEntry,
  OldAddress,
  Payload,
  PayloadContents,
  PayloadFunction,
  PayloadHook,
  PayloadSection,
  PayloadTables,
  ReplaceEntry,
  SpecialTable,
  Target,
} from "./payload.ts";
export { decodeReasons, encodeReasons, REASONS_SECTION, type Reason } from "./reasons.ts";
export { mayIgnoreDependency, readStackingFacts, type StackingFacts } from "./stacking.ts";
export {
  decodeSymbolMap,
  encodeSymbolMap,
  SYMBOL_MAP_SECTION,
  type SymbolMap,
  type SymbolMapEntry,
  type SymbolMapKind,
  symbolMapKinds,
} from "./symbol-map.ts";
export { rewritePayload } from "./write.ts";
