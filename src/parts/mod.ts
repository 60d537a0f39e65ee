export { cacheFolder, type Environment } from "./cache-folder.ts";
export { type PartDefinition, PINNED_XEN_4_17, partDefinition, partIds } from "./catalogue.ts";
export { PartsError } from "./errors.ts";
export { fetchParts } from "./fetch.ts";
export { fetchMissing } from "./fetch-missing.ts";
export type { PartManifest } from "./manifest.ts";
export {
  findProgram,
  inspectParts,
  type Part,
  type PartState,
  type PartsOptions,
  requirePart,
} from "./parts.ts";
export { type PartsPlan, type PlannedPart, type PlanOptions, planParts } from "./plan.ts";
export type { FetchOptions, OnProgress, Progress } from "./progress.ts";
