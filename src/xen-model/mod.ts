// A reference hypervisor: Xen's answers to payloads, without a host.

export type { ActionEffect, ActionRequest } from "./actions.ts";
export type { AddressRange } from "./boot-changes.ts";
export type { CpuProfile } from "./cpu-profile.ts";
export { ModelError, type ModelErrorCode } from "./errors.ts";
export { type Hypervisor, type HypervisorOptions, openHypervisor } from "./hypervisor.ts";
export type { ImageFacts } from "./image-facts.ts";
export type { GroupName, PlacedGroup, PlacedSection, Placement } from "./load/place-sections.ts";
export type { Memory, MemoryRead, Region, UnknownRange } from "./memory.ts";
export { type ActionAnswer, type ModelStatus, type UploadAnswer, XenModel } from "./model.ts";
export type { NopFamily } from "./nops.ts";
export type { ExportedSymbol, FunctionState, LoadedPayload, ModelFunction } from "./payload.ts";
export type { PreparedHooks } from "./prepare/hooks.ts";
export type { WorkAnswer } from "./rendezvous.ts";
export type { ActionName, ModelOptions } from "./state.ts";
export { type StepId, steps } from "./steps.ts";
export { type TrapId, traps } from "./traps.ts";
export type { Answered, Assumption, Crash, Place, Refusal } from "./verdict.ts";
export type { ImageFunction } from "./xen-symbols.ts";
