// Xen's public interface for live patching, per release: constants and layouts, no behaviour.

export {
  ALT_CALL_INSTRUCTION_SIZE,
  ALT_CALL_SITE_SIZE,
  ALTERNATIVE_INVERTED,
  ALTERNATIVE_SIZE,
  type Alternative,
  type AlternativeLayout,
  alternativeLayoutOf,
  readAlternative,
  writeAlternative,
} from "./alternatives.ts";
export {
  BUG_FRAME_UNIT,
  type BugFrame,
  type BugFrameType,
  bugFrameTypes,
  bugFrameTypesOf,
  bugMarkerOf,
  readArmBugFrame,
  readX86BugFrame,
  writeArmBugFrame,
  writeX86BugFrame,
} from "./bug-frame.ts";
export { type BuildIdNote, encodeBuildIdNote, readBuildIdNote } from "./build-id-note.ts";
export {
  Errno,
  type ErrnoName,
  findErrnoName,
  meaningOfErrno,
  nameOfErrno,
  textOfErrno,
} from "./errno.ts";
export {
  EXCEPTION_ENTRY_SIZE,
  type ExceptionEntry,
  readExceptionEntry,
  writeExceptionEntry,
} from "./exception-table.ts";
export {
  EXPECTATION_SIZE,
  type LivepatchExpectation,
  makeExpectation,
  readExpectation,
  writeExpectation,
} from "./expectation.ts";
export {
  type Feature,
  faultsOnPatchedPayload,
  featureHistory,
  featuresOf,
  hasFeature,
  mayCarryMarker,
  needsWritableFuncs,
  wantsWritableFuncs,
} from "./features.ts";
export {
  HOOK_POINTER_SIZE,
  type HookKind,
  type HookRule,
  hookKinds,
  hookRules,
  hooksAgainstReplace,
} from "./hooks.ts";
export {
  EXPECTATION_LENGTH_MAX,
  LIST_COUNT_MAX,
  NOBITS_SIZE_MAX,
  NOP_SIZE_MAX,
  PAYLOAD_NAME_MAX,
  PAYLOAD_SIZE_MAX,
  PAYLOAD_SYMBOL_NAME_MAX,
  SECTION_ALIGNMENT_MAX,
  SECTION_COUNT_MAX,
  XEN_SYMBOL_NAME_MAX,
} from "./limits.ts";
export {
  LIVEPATCH_FUNC_ALIGNMENT,
  LIVEPATCH_FUNC_POINTERS,
  LIVEPATCH_FUNC_SIZE,
  type LivepatchFunc,
  type LivepatchFuncState,
  livepatchFuncState,
  readLivepatchFunc,
  writeLivepatchFunc,
  zeroReserved,
} from "./livepatch-func.ts";
export { decodeModinfo, encodeModinfo } from "./modinfo.ts";
export {
  type AbiFamily,
  compareReleases,
  findReleaseLine,
  formatRelease,
  type PayloadVersion,
  parseRelease,
  type Release,
  ReleaseError,
  type ReleaseLine,
  releaseLines,
  requireReleaseLine,
} from "./release.ts";
export type { Stay } from "./rendezvous.ts";
export {
  BUG_FRAME_SECTIONS,
  BUILD_ID_SECTION,
  DEPENDS_SECTION,
  FUNCS_SECTION,
  livepatchSections,
  MODINFO_SECTION,
  mandatorySections,
  refusedSections,
  specialTableSections,
  XEN_DEPENDS_SECTION,
} from "./sections.ts";
export {
  actionLayout,
  getLayout,
  HYPERVISOR_SYSCTL,
  headerLayout,
  LIVEPATCH_ACTION_APPLY_NODEPS,
  LIVEPATCH_STATUS_SIZE,
  type ListLayout,
  LivepatchAction,
  LivepatchOp,
  LivepatchState,
  listLayouts,
  livepatchLayout,
  readconsoleLayout,
  uploadLayout,
  XEN_SYSCTL_SIZE,
  XenSysctl,
} from "./sysctl.ts";
export { type UnpatchableFunction, unsafeFunctions } from "./unpatchable.ts";
export {
  COMPILE_INFO_SIZE,
  compileInfoLayout,
  HYPERVISOR_XEN_VERSION,
  XenVersion,
  xenVersionTextSizes,
} from "./xen-version.ts";
