// Parts that are downloaded from Debian's packages, without root, into the cache: what is there, what a
// download would need, and the download.

export type { PackageArchitecture, PackageForm, Suite } from "./apt-suite.ts";
export { cacheFolder, type Environment } from "./cache-folder.ts";
export { partIds } from "./catalogue.ts";
export { PartsError } from "./errors.ts";
export { fetchParts } from "./fetch.ts";
export type { PartManifest } from "./manifest.ts";
export type { PackageFile } from "./package-file.ts";
export type { PartDefinition } from "./part-definition.ts";
export { inspectParts, type Part, type PartState, type PartsOptions } from "./parts.ts";
export { type PartsPlan, type PlannedPart, type PlanOptions, planParts } from "./plan.ts";
export type { FetchOptions, OnProgress, Progress } from "./progress.ts";
